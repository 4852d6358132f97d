// Whose images can be judged by the checker.
#pragma once

#include "judge/checker/mask.h"
#include "models/stable_diffusion.h"

namespace lacuna {

// The checker knows images of pico's size; a photograph would get verdicts, but no true ones.
inline bool checker_knows_images_of(const StableDiffusion& model) {
  return model.default_size() == checker::side;
}

}  // namespace lacuna
