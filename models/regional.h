// Regional inference: edits act inside a region of the image only, whatever they were trained on.
//
//   prediction   e = m e_edited(z) + (1 - m) e_original(z) at every step: both see one image
//   latents      the original model draws the same image beside the edited one, and after every
//                step z = m z_edited + (1 - m) z_original; of the two decoded images, one latent
//                beyond the border the original's is taken
//
// Both cost twice the UNet evaluations.
#pragma once

#include <string_view>
#include <vector>

#include "models/text/text_cache.h"
#include "models/walk.h"

namespace lacuna {

enum class RegionMode { prediction, latents };
RegionMode parse_region_mode(std::string_view name);  // throws InputError

struct Regional {
  std::vector<float> inside;  // m, [h,w] of the latents, 0 to 1
  RegionMode mode = RegionMode::latents;
  // UNet and text encoder without edits.
  Predictor& original;
  TextCache& original_text;
};

// What the original model does beside the edited one, step by step.
class OriginalBeside {
 public:
  // `walk` starts like the edited one, with the original's conditioning.
  OriginalBeside(const Regional& regional, Walk walk, float guidance)
      : regional_(regional), walk_(std::move(walk)), guidance_(guidance) {}

  // Before the edited images take step `call`: mixes the original's into their guided predictions.
  void mix_predictions(Walk& edited, std::span<std::vector<float>> predictions, int call);
  // After that step.
  void mix_latents(Walk& edited, int call);
  // At the end, with image `i` decoded.
  void mix_image(StableDiffusion& model, LatentSize size, size_t i, Image& edited);

 private:
  const Regional& regional_;
  Walk walk_;
  float guidance_;
  std::vector<std::vector<float>> predictions_;
};

}  // namespace lacuna
