// LoRA names as kohya's trainer writes them and A1111, ComfyUI and diffusers read them.
#pragma once

#include <algorithm>
#include <string>

#include "models/files/model_part.h"

namespace lacuna {

// What follows a module's name in the file: the two factors and the scale.
namespace kohya {
inline const std::string down = ".lora_down.weight", up = ".lora_up.weight", alpha = ".alpha";
}

// A module of the UNet ("lora_unet_") or the text encoder ("lora_te_"), by its weight:
// "down_blocks.0.attentions.0.proj_in.weight" -> "lora_unet_down_blocks_0_attentions_0_proj_in".
inline std::string kohya_name(ModelPart part, std::string name) {
  if (name.ends_with(".weight")) name.resize(name.size() - 7);
  std::replace(name.begin(), name.end(), '.', '_');
  return std::string(part->lora_prefix) + name;
}

}  // namespace lacuna
