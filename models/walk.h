// Walk: takes images from noise to latents, one UNet batch a step. The caller decides what to do
// with the predictions at each step: guidance, mixing, recording.
//
//   Walk walk(model, size, "ddim", {.steps = 25}, std::move(images));
//   for (int call = 0; call < walk.calls(); call++) {
//     const auto predictions = walk.predict(predictor, call);
//     for (size_t i = 0; i < walk.images(); i++)
//       walk.step(call, i, guided(predictions[i], 7.5f));
//   }
//
// Each image has a sampler and a generator of its own, so that neither its neighbours nor the batch
// size change it.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "models/samplers/sampler.h"
#include "models/stable_diffusion.h"

namespace lacuna {

// Classifier-free guidance (Ho and Salimans 2022): `neutral` becomes
// neutral + guidance (conditional - neutral).
void guide(std::span<float> neutral, std::span<const float> conditional, float guidance);

// What the UNet predicts for one image at one step, [C,h,w] for each conditioning.
using Predictions = std::vector<std::vector<float>>;
// The first guided by the second, or the first alone when there is no other.
std::vector<float> guided(const Predictions& predictions, float guidance);

// The latents that this sampler starts from: noise [C,h,w] of the strength that it needs.
std::vector<float> starting_latents(const StableDiffusion& model, LatentSize size,
                                    const Sampler& sampler, Rng& rng);

class Walk {
 public:
  struct Start {
    std::vector<Conditioning> asked;  // the UNet predicts with each at every step, in order
    Rng rng;                          // of the noise
  };
  // The model must outlive it.
  Walk(StableDiffusion& model, LatentSize size, std::string_view sampler,
       const SamplerOptions& options, std::vector<Start> images);

  size_t images() const { return images_.size(); }
  int calls() const { return images_.front().sampler->calls(); }
  float timestep(int call) const {
    return images_.front().sampler->timesteps()[static_cast<size_t>(call)];
  }
  // An image's latents now, and the input that the UNet last saw: the latents as the sampler scales
  // them.
  std::vector<float>& latents(size_t image) { return images_[image].latents; }
  const std::vector<float>& input(size_t image) const { return images_[image].input; }

  // What the UNet predicts at step `call`, for each image.
  std::vector<Predictions> predict(Predictor& predictor, int call);
  // Takes an image from step `call` to the next, with the prediction that holds after guidance.
  void step(int call, size_t image, std::span<const float> prediction);
  // The latents without noise to which the prediction for input() points.
  std::vector<float> predicted_x0(int call, size_t image, std::span<const float> prediction) const;

 private:
  struct Image {
    std::unique_ptr<Sampler> sampler;
    std::vector<Conditioning> asked;
    Rng rng;
    std::vector<float> latents, input;
  };

  StableDiffusion& model_;
  LatentSize size_;
  std::vector<Image> images_;
};

}  // namespace lacuna
