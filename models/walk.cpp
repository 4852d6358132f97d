#include "models/walk.h"

#include <algorithm>
#include <cmath>

namespace lacuna {

void guide(std::span<float> neutral, std::span<const float> conditional, float guidance) {
  for (size_t i = 0; i < neutral.size(); i++)
    neutral[i] += guidance * (conditional[i] - neutral[i]);
}

std::vector<float> guided(const Predictions& predictions, float guidance) {
  std::vector<float> result = predictions.front();
  if (predictions.size() > 1) guide(result, predictions[1], guidance);
  return result;
}

std::vector<float> starting_latents(const StableDiffusion& model, LatentSize size,
                                    const Sampler& sampler, Rng& rng) {
  std::vector<float> latents(
      static_cast<size_t>(model.vae_config().latent_channels * size.height * size.width));
  rng.randn(std::span<float>(latents));
  for (float& v : latents) v *= sampler.init_noise_sigma();
  return latents;
}

Walk::Walk(StableDiffusion& model, LatentSize size, std::string_view sampler,
           const SamplerOptions& options, std::vector<Start> images)
    : model_(model), size_(size) {
  for (Start& start : images) {
    Image image{Sampler::make(sampler, model.noise_schedule(), options),
                std::move(start.asked),
                std::move(start.rng),
                {},
                {}};
    image.latents = starting_latents(model, size, *image.sampler, image.rng);
    images_.push_back(std::move(image));
  }
}

std::vector<Predictions> Walk::predict(Predictor& predictor, int call) {
  const std::span<const float> canvas = model_.blank_canvas(size_);
  std::vector<DenoiserInput> batch;
  for (Image& image : images_) {
    image.input = image.latents;
    image.sampler->scale_model_input(call, image.input);
    for (const Conditioning& c : image.asked)
      batch.push_back({image.input, timestep(call), c, canvas});
  }
  std::vector<std::vector<float>> all = predictor(batch, size_);
  std::vector<Predictions> of_images;
  auto next = all.begin();
  for (const Image& image : images_) {
    const auto end = next + static_cast<std::ptrdiff_t>(image.asked.size());
    of_images.emplace_back(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
  }
  return of_images;
}

void Walk::step(int call, size_t image, std::span<const float> prediction) {
  Image& i = images_[image];
  i.sampler->step(call, prediction, i.latents, i.rng);
}

// DDPM, equation 4, solved for x_0; for v, arXiv 2202.00512, section 4. Fractional timesteps, which
// some samplers have, take the nearest one.
std::vector<float> Walk::predicted_x0(int call, size_t image,
                                      std::span<const float> prediction) const {
  const NoiseSchedule& schedule = model_.noise_schedule();
  const auto t =
      std::clamp<int64_t>(std::llround(timestep(call)), 0, schedule.train_timesteps() - 1);
  // Zero terminal SNR: then the prediction alone says anything.
  const float a = std::max(schedule.alphas_cumprod()[static_cast<size_t>(t)], 1e-4f);
  const float signal = std::sqrt(a), noise = std::sqrt(1 - a);
  const bool v = schedule.config().prediction == Prediction::v;
  const std::vector<float>& z = input(image);
  std::vector<float> x0(z.size());
  for (size_t i = 0; i < x0.size(); i++)
    x0[i] = v ? signal * z[i] - noise * prediction[i] : (z[i] - noise * prediction[i]) / signal;
  return x0;
}

}  // namespace lacuna
