// The parts of a model, and what their tensors are called in edits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace lacuna {

enum class ModelPart : uint8_t { unet, text, vae };

// One edit may change the UNet and the text encoder. No name of either begins with the other's
// prefix, so that a name says which part it belongs to.
struct NamesInEdits {
  std::string_view prefix;  // of whole tensors, before the name that the part's own file has
  std::string_view lora;    // of LoRA modules, as kohya's trainer names them
  std::string_view about;   // in messages
};
constexpr NamesInEdits names_in_edits(ModelPart part) {
  return part == ModelPart::text ? NamesInEdits{"text_encoder.", "lora_te_", "text encoder"}
                                 : NamesInEdits{"", "lora_unet_", "UNet"};
}

// Where a part lies in a diffusers folder: FOLDER/STEM.safetensors.
struct PartPlace {
  const char *folder, *stem;
};
constexpr PartPlace place_in_folder(ModelPart part) {
  switch (part) {
    case ModelPart::unet:
      return {"unet", "diffusion_pytorch_model"};
    case ModelPart::vae:
      return {"vae", "diffusion_pytorch_model"};
    case ModelPart::text:
      break;
  }
  return {"text_encoder", "model"};
}
// The weights of a part of the model in `model`. Throws InputError as models/folder.h does.
std::filesystem::path weights_file(const std::filesystem::path& model, ModelPart part);

// The parts that edits may change.
inline constexpr ModelPart edited_parts[] = {ModelPart::unet, ModelPart::text};

}  // namespace lacuna
