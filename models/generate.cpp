#include "models/generate.h"

#include <cmath>

#include "engine/error.h"

namespace lacuna {

TextStates TextCache::states(const std::string& prompt) {
  if (const auto found = known_.find(prompt); found != known_.end()) return found->second;
  const Tokenizer::Encoding encoding = encoder_.tokenizer().encode(prompt);
  if (!encoding.cut.empty()) cuts_.push_back({prompt, encoding.cut});
  if (known_.size() >= most_known) known_.clear();
  return known_[prompt] = encoder_.encode(encoding);
}

void guide(std::span<float> neutral, std::span<const float> conditional, float guidance) {
  for (size_t i = 0; i < neutral.size(); i++)
    neutral[i] += guidance * (conditional[i] - neutral[i]);
}

std::vector<float> starting_latents(const StableDiffusion& model, LatentSize size,
                                    const Sampler& sampler, Rng& rng) {
  std::vector<float> latents(
      static_cast<size_t>(model.vae_config().latent_channels * size.height * size.width));
  rng.randn(std::span<float>(latents));
  for (float& v : latents) v *= sampler.init_noise_sigma();
  return latents;
}

namespace {

// One image on its way from noise to latents.
struct Trajectory {
  std::unique_ptr<Sampler> sampler;
  Rng rng;
  std::vector<float> latents, input;
  TextStates prompt, negative;
};

Trajectory start(StableDiffusion& model, TextCache& text, const ImageRequest& request,
                 const GenerateOptions& o, LatentSize size, bool guided) {
  Trajectory t{Sampler::make(o.sampler, model.noise_schedule(), {.steps = o.steps, .eta = o.eta}),
               Rng(o.rng, request.seed),
               {},
               {},
               text.states(request.prompt),
               guided ? text.states(request.negative) : nullptr};
  t.latents = starting_latents(model, size, *t.sampler, t.rng);
  return t;
}

void check_options(const GenerateOptions& o) {
  if (!std::isfinite(o.guidance) || o.guidance < 0 || o.guidance > 1000)
    throw InputError("[sample] guidance {} is out of range; 1 to 20 are usual", o.guidance);
  if (!std::isfinite(o.eta) || o.eta < 0 || o.eta > 1)
    throw InputError("[sample] eta {} is out of range; it lies between 0 and 1", o.eta);
}

}  // namespace

std::vector<Generated> generate(StableDiffusion& model, TextCache& text,
                                std::span<const ImageRequest> requests, const GenerateOptions& o,
                                const StepCallback& step) {
  check_options(o);
  const LatentSize size = model.latent_size(o.width, o.height);
  const bool guided = o.guidance > 1;
  if (requests.empty()) return {};
  // What does not fit on the device is known before the first step, not at the last.
  model.predictor().plan(static_cast<int64_t>(requests.size()) * (guided ? 2 : 1), size);
  model.decoder_plan(size);
  std::vector<Trajectory> runs;
  for (const ImageRequest& request : requests)
    runs.push_back(start(model, text, request, o, size, guided));
  const int calls = runs[0].sampler->calls();
  for (int i = 0; i < calls; i++) {
    if (step && !step(i, calls)) return {};
    std::vector<UNetInput> batch;
    for (Trajectory& t : runs) {
      t.input = t.latents;
      t.sampler->scale_model_input(i, t.input);
      const float timestep = t.sampler->timesteps()[static_cast<size_t>(i)];
      if (guided) batch.push_back({t.input, timestep, t.negative});
      batch.push_back({t.input, timestep, t.prompt});
    }
    std::vector<std::vector<float>> predictions = model.predictor()(batch, size);
    for (size_t r = 0; r < runs.size(); r++) {
      std::vector<float>& e = predictions[guided ? 2 * r : r];
      if (guided) guide(e, predictions[2 * r + 1], o.guidance);
      runs[r].sampler->step(i, e, runs[r].latents, runs[r].rng);
    }
  }
  if (step && !step(calls, calls)) return {};
  std::vector<Generated> results;
  for (Trajectory& t : runs)
    results.push_back({model.decode(t.latents, size), std::move(t.latents)});
  return results;
}

}  // namespace lacuna
