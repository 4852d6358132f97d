// The parts of a model that have weights: one row each says where a part lies in every kind of
// file.
//
// The place that a tensor was read from says which part it belongs to: the folder, what its name
// begins with in a single file, or what it begins with in an edit. No name is ever guessed at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/shape.h"

namespace lacuna {

// The architectures: which tensors a part has, and what they are called.
enum class Network : uint8_t { unet, clip_text, vae };

struct PartRow {
  std::string_view name;   // on the command line
  std::string_view about;  // in sentences
  Network network;
  std::string_view folder, stem;  // FOLDER/STEM.safetensors, beside FOLDER/config.json
  std::string_view single_file;   // what all its names begin with in a single-file checkpoint
  // What its names begin with in edits: whole tensors', and LoRA modules' as kohya's trainer writes
  // them. No edit changes a part without the second. No row's beginning is that of another row.
  std::string_view edit_prefix, lora_prefix;
  const char* edit_hash;  // the metadata key of an edit with the fingerprint of this part
  // What its weights are kept in, if the part computes right in that type alone.
  std::optional<DType> storage;

  // What its weights are kept in if --precision asks for that type.
  constexpr DType storage_for(DType asked) const { return storage.value_or(asked); }
  constexpr bool edited() const { return !lora_prefix.empty(); }
};

inline constexpr std::array part_rows = {
    PartRow{.name = "unet",
            .about = "UNet",
            .network = Network::unet,
            .folder = "unet",
            .stem = "diffusion_pytorch_model",
            .single_file = "model.diffusion_model.",
            .edit_prefix = "",
            .lora_prefix = "lora_unet_",
            .edit_hash = "base_model_hash"},
    PartRow{.name = "text",
            .about = "text encoder",
            .network = Network::clip_text,
            .folder = "text_encoder",
            .stem = "model",
            .single_file = "cond_stage_model.transformer.",
            .edit_prefix = "text_encoder.",
            .lora_prefix = "lora_te_",
            .edit_hash = "base_text_encoder_hash"},
    PartRow{.name = "vae",
            .about = "VAE",
            .network = Network::vae,
            .folder = "vae",
            .stem = "diffusion_pytorch_model",
            .single_file = "first_stage_model."},
};

// A row of the table, by value: `part->folder`.
class ModelPart {
 public:
  static const ModelPart unet, text, vae;

  constexpr ModelPart(const PartRow& row) : row_(&row) {}
  ModelPart(PartRow&&) = delete;  // rows live in the table
  constexpr const PartRow* operator->() const { return row_; }
  constexpr bool operator==(const ModelPart&) const = default;

 private:
  const PartRow* row_;
};

inline constexpr ModelPart ModelPart::unet = part_rows[0];
inline constexpr ModelPart ModelPart::text = part_rows[1];
inline constexpr ModelPart ModelPart::vae = part_rows[2];

// The parts that edits may change, in the order of the table.
inline std::vector<ModelPart> edited_parts() {
  std::vector<ModelPart> parts;
  for (const PartRow& row : part_rows)
    if (row.edited()) parts.emplace_back(row);
  return parts;
}

// The part that a tensor of an edit belongs to, whole or a LoRA's factor, by what its name begins
// with. A name without any such beginning is that of the part without an edit_prefix; a LoRA's name
// always has one. Nothing if there is no such part.
constexpr std::optional<ModelPart> part_in_edit(std::string_view name) {
  std::optional<ModelPart> without;
  for (const PartRow& row : part_rows) {
    if (!row.edited()) continue;
    if (name.starts_with(row.lora_prefix)) return ModelPart(row);
    if (row.edit_prefix.empty())
      without = ModelPart(row);
    else if (name.starts_with(row.edit_prefix))
      return ModelPart(row);
  }
  return name.starts_with("lora_") ? std::nullopt : without;
}

}  // namespace lacuna
