// What the tensors of a model's parts are called in edits.
#pragma once

#include "models/files/model_part.h"

#include <string_view>

namespace lacuna {

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

// The parts that edits may change.
inline constexpr ModelPart edited_parts[] = {ModelPart::unet, ModelPart::text};

}  // namespace lacuna
