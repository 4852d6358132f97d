// The parts of a model that have weights, and where they lie in a diffusers folder.
#pragma once

#include <cstdint>

namespace lacuna {

enum class ModelPart : uint8_t { unet, vae, text };

// FOLDER/STEM.safetensors, beside FOLDER/config.json.
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

}  // namespace lacuna
