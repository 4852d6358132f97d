// From prompts to pictures: classifier-free guidance (Ho and Salimans 2022) around a sampler, for a
// batch of images that may differ in prompt and seed but share steps, sampler and size.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "models/samplers/sampler.h"
#include "models/stable_diffusion.h"

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

// Called before every model call; returning false stops, and generate() returns what is finished:
// nothing.
using StepCallback = std::function<bool(int call, int calls)>;

// Prompts that were too long: what was cut.
struct CutPrompt {
  std::string prompt, cut;
};

// The text states of prompts, computed once per text while it holds few (a file may list a million)
// and the text encoder stays the same.
class TextCache {
 public:
  explicit TextCache(TextEncoder& encoder) : encoder_(encoder) {}
  explicit TextCache(StableDiffusion& model) : TextCache(model.text_encoder()) {}
  TextStates states(const std::string& prompt);
  const std::vector<CutPrompt>& cuts() const { return cuts_; }

 private:
  static constexpr size_t most_known = 256;
  TextEncoder& encoder_;
  std::map<std::string, TextStates> known_;
  uint64_t version_ = 0;  // of the text encoder that they are from
  std::vector<CutPrompt> cuts_;
};

// Classifier-free guidance: `neutral` becomes neutral + guidance (conditional - neutral).
void guide(std::span<float> neutral, std::span<const float> conditional, float guidance);

// Where a trajectory of this sampler starts: noise [C,h,w] of the strength that it wants.
std::vector<float> starting_latents(const StableDiffusion& model, LatentSize size,
                                    const Sampler& sampler, Rng& rng);

// Regional inference: edits act inside a region of the picture only, whatever they were trained on.
//
//   prediction   e = m e_edited(z) + (1 - m) e_original(z) at every step: both see one picture
//   latents      the original model draws the same picture beside the edited one, and after every
//                step z = m z_edited + (1 - m) z_original; of the two decoded pictures, one latent
//                beyond the border the original's is taken
//
// Both cost twice the UNet evaluations.
enum class RegionMode { prediction, latents };
RegionMode parse_region_mode(std::string_view name);  // throws InputError

struct Regional {
  std::vector<float> inside;  // m, [h,w] of the latents, 0 to 1
  RegionMode mode = RegionMode::latents;
  Predictor& original;  // the UNet without edits
  // The states of a text from the text encoder without edits.
  std::function<TextStates(const std::string&)> original_text;
};

struct Generated {
  Image image;
  std::vector<float> latents;  // [C,h,w], as the VAE decoder got them, scaled for the UNet
};

// For those who watch: after a model call, what the model now takes a picture to be, the latents
// [C,h,w] without noise to which its prediction points. Early ones are vague and far too strong.
using Glimpse = std::function<void(int call, size_t image, std::span<const float> latents)>;

struct GenerateExtras {
  const Regional* regional = nullptr;  // the model as it stands is then the edited one
  Predictor* predictor = nullptr;      // the UNet to use; null: the model's
  Glimpse glimpse = {};
};

// One Generated per request; empty when the callback stopped it. Each image has a sampler and a
// generator of its own, so that neither its neighbours nor the batch size change its numbers.
std::vector<Generated> generate(StableDiffusion& model, TextCache& text,
                                std::span<const ImageRequest> requests,
                                const GenerateOptions& options, const StepCallback& step = {},
                                const GenerateExtras& extras = {});

}  // namespace lacuna
