// What texts do to the frozen UNet, at a few places on the way from noise to an image: the measure
// of nearness between concepts. A place is latents z_t and their timestep; a text's prediction is
// that of all places in a row.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

struct Place {
  std::vector<float> latents;  // z_t as the UNet sees it, [C,h,w]
  float timestep = 0;
};

// Places on the frozen model's own way to images of the texts, one walk of `steps` DDIM steps under
// `guidance` a text: after each of the calls in `at`. `go_on` is asked before every step.
std::vector<std::vector<Place>> places_towards(StableDiffusion& model, TextCache& text,
                                               std::span<const std::string> texts,
                                               std::span<const uint64_t> seeds, LatentSize size,
                                               int steps, float guidance, std::span<const int> at,
                                               const std::function<void()>& go_on);

using Predicted = std::vector<float>;

class Effects {
 public:
  // Model and text cache must outlive it.
  Effects(StableDiffusion& model, TextCache& text, LatentSize size, std::vector<Place> places)
      : model_(model), text_(text), size_(size), places_(std::move(places)) {}

  const std::vector<Place>& places() const { return places_; }
  // Computes those that are not known yet, several at a time.
  void compute(std::span<const std::string> texts);
  // eps*(z, text) at all places; computed at its first use.
  const Predicted& of(const std::string& text);
  // |eps*(a) - eps*(b)|.
  double distance(const std::string& a, const std::string& b);

 private:
  StableDiffusion& model_;
  TextCache& text_;
  LatentSize size_;
  std::vector<Place> places_;
  std::map<std::string, Predicted> known_;
};

// Of two vectors of one length.
double dot(std::span<const float> a, std::span<const float> b);
Predicted difference(std::span<const float> a, std::span<const float> b);
double norm(std::span<const float> a);
// 0 if one of them is 0.
double cosine(std::span<const float> a, std::span<const float> b);

// Predictions for pairs of a place and a conditioning, in batches of a size that fits; used for
// edited predictors, too.
std::vector<std::vector<float>> predict_all(
    StableDiffusion& model, Predictor& predictor, LatentSize size,
    std::span<const std::pair<const Place*, Conditioning>> entries);

}  // namespace lacuna
