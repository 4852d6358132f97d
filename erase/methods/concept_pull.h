// How much of a text's meaning is left in an edited text encoder, measured without looking at
// images: its pull on the frozen UNet.
//
// With d = eps*(z_t, c) - eps*(z_t, ""), the direction in which the text c pulled the prediction,
//   pull = < eps*(z_t, T(c)) - eps*(z_t, ""), d > / < d, d >
// summed over some latents z_t: 1 before, 0 when the text no longer says anything about the
// concept, below 0 when it pushes away from it.
#pragma once

#include <string>
#include <vector>

#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

class ConceptPull {
 public:
  // Both must outlive it.
  ConceptPull(StableDiffusion& model, TextCache& text) : model_(model), text_(text) {}

  // Another place to measure at: 2 UNet evaluations.
  void add(std::vector<float> latents, LatentSize size, float timestep, std::string text);
  size_t places() const { return places_.size(); }
  // Under an overlay of the text encoder; one UNet evaluation a place.
  double under(const Overlay& edited_text);

 private:
  struct Place {
    std::vector<float> latents, neutral, direction;
    LatentSize size;
    float timestep = 0;
    std::string text;
  };
  StableDiffusion& model_;
  TextCache& text_;
  std::vector<Place> places_;
};

// The conditioning of texts under an overlay of the text encoder.
std::vector<Conditioning> conditioning_under(StableDiffusion& model, const Overlay& edited_text,
                                             const std::vector<std::string>& texts);

}  // namespace lacuna
