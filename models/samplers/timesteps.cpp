#include "models/samplers/timesteps.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lacuna {

std::vector<double> spaced_timesteps(Spacing spacing, int train, int count, int offset) {
  std::vector<double> timesteps(count);
  for (int i = 0; i < count; ++i) {
    const int ascending = count - 1 - i;
    switch (spacing) {
      case Spacing::leading:
        timesteps[i] = ascending * (train / count) + offset;
        break;
      case Spacing::trailing:
        // Exactly `count` entries; numpy's arange sometimes rounds to one more, at timestep -1.
        timesteps[i] = std::nearbyint(train - i * (static_cast<double>(train) / count)) - 1;
        break;
      case Spacing::linspace:
        timesteps[i] = count == 1 ? 0 : ascending * ((train - 1.0) / (count - 1));
        break;
    }
  }
  if (spacing == Spacing::linspace && count > 1) timesteps.front() = train - 1;
  return timesteps;
}

std::vector<float> rounded(std::span<const double> values) {
  std::vector<float> result;
  for (double value : values) result.push_back(static_cast<float>(std::nearbyint(value)));
  return result;
}

std::vector<float> training_sigmas(const NoiseSchedule& schedule) {
  std::vector<float> sigmas;
  for (float a : schedule.alphas_cumprod()) sigmas.push_back(std::sqrt((1 - a) / a));
  if (schedule.config().rescale_betas_zero_snr) {
    constexpr float least = 0x1p-24f;  // diffusers' stand-in for a = 0
    sigmas.back() = std::sqrt((1 - least) / least);
  }
  return sigmas;
}

std::vector<double> sigmas_at(std::span<const float> timesteps, std::span<const float> sigmas) {
  std::vector<double> result;
  const double last = static_cast<double>(sigmas.size()) - 1;
  for (float timestep : timesteps) {
    const double t = std::clamp<double>(timestep, 0, last);
    const size_t low = std::min(static_cast<size_t>(t), sigmas.size() - 2);
    const double slope = static_cast<double>(sigmas[low + 1]) - sigmas[low];
    result.push_back(slope * (t - static_cast<double>(low)) + sigmas[low]);
  }
  return result;
}

std::vector<double> karras_sigmas(double least, double most, int count) {
  constexpr double rho = 7;
  const double start = std::pow(most, 1 / rho), end = std::pow(least, 1 / rho);
  std::vector<double> sigmas;
  for (int i = 0; i < count; ++i) {
    const double ramp = count == 1 ? 0 : static_cast<double>(i) / (count - 1);
    sigmas.push_back(std::pow(start + ramp * (end - start), rho));
  }
  return sigmas;
}

double timestep_of(double sigma, std::span<const float> sigmas) {
  const auto above = std::upper_bound(sigmas.begin(), sigmas.end(), sigma);
  const std::ptrdiff_t last = static_cast<std::ptrdiff_t>(sigmas.size()) - 2;
  const std::ptrdiff_t low = std::clamp<std::ptrdiff_t>(above - sigmas.begin() - 1, 0, last);
  const double log_low = std::log(sigmas[low]), log_high = std::log(sigmas[low + 1]);
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  return static_cast<double>(low) +
         std::clamp((log_low - log_sigma) / (log_low - log_high), 0.0, 1.0);
}

void require_descending(std::span<const float> timesteps) {
  if (std::adjacent_find(timesteps.begin(), timesteps.end(), std::less_equal<>()) ==
      timesteps.end()) {
    return;
  }
  throw InputError("[sampler] {} steps visit a timestep twice; ask for fewer steps",
                   timesteps.size());
}

SigmaSampler::SigmaSampler(const NoiseSchedule& schedule, int steps, bool karras)
    : prediction_(schedule.config().prediction),
      spacing_(schedule.config().spacing.value_or(Spacing::linspace)) {
  const std::vector<double> table =
      spaced_timesteps(spacing_, schedule.train_timesteps(), steps, schedule.config().steps_offset);
  timesteps_.assign(table.begin(), table.end());
  require_descending(timesteps_);
  const std::vector<float> training = training_sigmas(schedule);
  std::vector<double> levels = sigmas_at(timesteps_, training);
  if (karras) {
    levels = karras_sigmas(levels.back(), levels.front(), steps);
    for (int i = 0; i < steps; ++i) {
      timesteps_[i] = static_cast<float>(timestep_of(levels[i], training));
    }
  }
  sigmas_.assign(levels.begin(), levels.end());
  sigmas_.push_back(0);
}

float SigmaSampler::init_noise_sigma() const {
  const float most = sigmas_.front();
  return spacing_ == Spacing::leading ? std::sqrt(most * most + 1) : most;
}

void SigmaSampler::scale_model_input(int i, std::span<float> x) const {
  const float scale = std::sqrt(sigmas_[i] * sigmas_[i] + 1);
  for (float& value : x) value /= scale;
}

float SigmaSampler::derivative(float x, float model_output, float sigma) const {
  const float variance = sigma * sigma + 1;
  const float x0 = prediction_ == Prediction::epsilon
                       ? x - sigma * model_output
                       : model_output * (-sigma / std::sqrt(variance)) + x / variance;
  return (x - x0) / sigma;
}

}  // namespace lacuna
