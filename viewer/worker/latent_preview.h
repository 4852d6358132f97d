// A cheap preview of latents: every latent pixel becomes a colour, an affine function of its
// channels. One multiplication of a small matrix on the host, no VAE.
#pragma once

#include <span>
#include <vector>

#include "models/stable_diffusion.h"

namespace lacuna::viewer {

class LatentPreview {
 public:
  // Fits the factors by least squares: the colours of four generated images of at most 128 pixels
  // to what the model's encoder makes of them. Four runs of the encoder.
  explicit LatentPreview(StableDiffusion& model);

  // Latents [C,h,w], scaled for the UNet -> an image of w x h pixels.
  Image operator()(std::span<const float> latents, LatentSize size) const;

 private:
  std::vector<float> factors_;  // [C + 1][3], the constant last; colours from -1 to 1
};

}  // namespace lacuna::viewer
