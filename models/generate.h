// From prompts to images: classifier-free guidance around a walk through noise, for a batch of
// images that may differ in prompt and seed but share steps, sampler and size.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/regional.h"
#include "models/text/text_cache.h"
#include "models/walk.h"

namespace lacuna {

struct ImageRequest {
  std::string prompt, negative;
  uint64_t seed = 0;
};

struct GenerateOptions {
  std::string sampler = "ddim";
  int steps = 25;
  float guidance = 7.5f;  // 1 or less: the prompt alone, at half the cost
  float eta = 0;          // DDIM's
  int64_t width = 512, height = 512;
  RngKind rng = RngKind::torch;
  bool decode = true;  // false: latents alone, and empty images
};

// Called before every model call; if it returns false, generate() stops and returns nothing.
using StepCallback = std::function<bool(int call, int calls)>;

struct Generated {
  Image image;
  std::vector<float> latents;  // [C,h,w], as the VAE decoder got them, scaled for the UNet
};

// Called after a model call with the predicted x0 of an image: latents [C,h,w] without noise. Early
// ones are vague and far too strong.
using PreviewCallback = std::function<void(int call, size_t image, std::span<const float> latents)>;

struct GenerateExtras {
  const Regional* regional = nullptr;  // `text` and `predictor` are then the edited model's
  Predictor* predictor = nullptr;      // the UNet to use; null: the model's
  PreviewCallback preview = {};
};

// One Generated per request; empty when the callback stopped it. `text` gives the prompts'
// conditioning, from the text encoder as it is or edited. Each image has a sampler and a generator
// of its own, so that neither its neighbours nor the batch size change it.
std::vector<Generated> generate(StableDiffusion& model, TextCache& text,
                                std::span<const ImageRequest> requests,
                                const GenerateOptions& options, const StepCallback& step = {},
                                const GenerateExtras& extras = {});

}  // namespace lacuna
