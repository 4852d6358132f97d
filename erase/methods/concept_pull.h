// How much of what a text says is left in an edited text encoder, measured without looking at
// pictures: its pull on the frozen UNet.
//
// With d = eps*(z_t, c) - eps*(z_t, ""), the direction in which the text c pulled the prediction,
//   pull = < eps*(z_t, T(c)) - eps*(z_t, ""), d > / < d, d >
// summed over some latents z_t: 1 before, 0 where the text says nothing of the concept any more,
// below 0 where it pushes away from it.
#pragma once

#include <string>
#include <vector>

#include "models/generate.h"

namespace lacuna {

class ConceptPull {
 public:
  // Both must outlive it.
  ConceptPull(StableDiffusion& model, TextCache& text) : model_(model), text_(text) {}

  // Another place to measure at, with the text encoder as it is: 2 UNet evaluations.
  void add(std::vector<float> latents, LatentSize size, float timestep, std::string text);
  size_t places() const { return places_.size(); }
  // Under an overlay of the text encoder; one UNet evaluation a place. The model is left without
  // an overlay.
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

// The states of texts under an overlay of the text encoder. The model is left without an overlay.
std::vector<TextStates> states_under(StableDiffusion& model, TextCache& text,
                                     const Overlay& edited_text,
                                     const std::vector<std::string>& texts);

}  // namespace lacuna
