#include "models/generate.h"

#include <cmath>
#include <optional>

#include "base/error.h"

namespace lacuna {
namespace {

void check_options(const GenerateOptions& o) {
  if (!std::isfinite(o.guidance) || o.guidance < 0 || o.guidance > 1000)
    throw InputError("[sample] guidance {} is out of range; 1 to 20 are usual", o.guidance);
  if (!std::isfinite(o.eta) || o.eta < 0 || o.eta > 1)
    throw InputError("[sample] eta {} is out of range; it lies between 0 and 1", o.eta);
}

Walk walk_of(StableDiffusion& model, TextCache& text, std::span<const ImageRequest> requests,
             const GenerateOptions& o, LatentSize size) {
  std::vector<Walk::Start> images;
  for (const ImageRequest& request : requests) {
    std::vector<Conditioning> asked;
    if (o.guidance > 1) asked.push_back(text.conditioning(request.negative));
    asked.push_back(text.conditioning(request.prompt));
    images.push_back({std::move(asked), Rng(o.rng, request.seed)});
  }
  return {model, size, o.sampler, {.steps = o.steps, .eta = o.eta}, std::move(images)};
}

}  // namespace

std::vector<Generated> generate(StableDiffusion& model, TextCache& text,
                                std::span<const ImageRequest> requests, const GenerateOptions& o,
                                const StepCallback& step, const GenerateExtras& extras) {
  check_options(o);
  const Regional* const regional = extras.regional;
  Predictor& predictor = extras.predictor ? *extras.predictor : model.predictor();
  const LatentSize size = model.latent_size(o.width, o.height);
  if (requests.empty()) return {};
  // What does not fit on the device is known before the first step, not at the last.
  const auto entries = static_cast<int64_t>(requests.size()) * (o.guidance > 1 ? 2 : 1);
  predictor.plan(entries, size);
  if (regional) regional->original.plan(entries, size);
  if (o.decode) model.decoder_plan(size);
  std::optional<OriginalBeside> original;
  if (regional)
    original.emplace(*regional, walk_of(model, regional->original_text, requests, o, size),
                     o.guidance);
  Walk walk = walk_of(model, text, requests, o, size);
  for (int i = 0; i < walk.calls(); i++) {
    if (step && !step(i, walk.calls())) return {};
    std::vector<std::vector<float>> predictions;
    for (const Predictions& p : walk.predict(predictor, i))
      predictions.push_back(guided(p, o.guidance));
    if (original) original->mix_predictions(walk, predictions, i);
    if (extras.preview)
      for (size_t k = 0; k < walk.images(); k++)
        extras.preview(i, k, walk.predicted_x0(i, k, predictions[k]));
    for (size_t k = 0; k < walk.images(); k++) walk.step(i, k, predictions[k]);
    if (original) original->mix_latents(walk, i);
  }
  if (step && !step(walk.calls(), walk.calls())) return {};
  std::vector<Generated> results;
  for (size_t k = 0; k < walk.images(); k++) {
    Image image = o.decode ? model.decode(walk.latents(k), size) : Image{};
    results.push_back({std::move(image), std::move(walk.latents(k))});
    if (original && o.decode) original->mix_image(model, size, k, results.back().image);
  }
  return results;
}

}  // namespace lacuna
