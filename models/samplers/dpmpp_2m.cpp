// DPM-Solver++(2M), arXiv 2211.01095, algorithm 2: a second-order multistep method for the
// predicted x_0, exact in the linear part. lambda = log(alpha / sigma); h is its change over the
// step.
#include <algorithm>
#include <cmath>

#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

// Signal and noise level at sigma, with alpha^2 + noise^2 = 1.
struct Level {
  explicit Level(float sigma)
      : alpha(1 / std::sqrt(sigma * sigma + 1)),
        noise(sigma * alpha),
        lambda(std::log(alpha) - std::log(noise)) {}
  float alpha, noise, lambda;
};

// The timestep beyond which lambda is below the checkpoint's floor (cosine schedules).
int last_timestep(const NoiseSchedule& schedule) {
  const std::optional<double> least = schedule.config().lambda_min_clipped;
  if (!least) return schedule.train_timesteps();
  const auto below = [&](float a) {
    return std::log(std::sqrt(a)) - std::log(std::sqrt(1 - a)) < *least;
  };
  const std::span<const float> alphas = schedule.alphas_cumprod();
  return std::max(
      1, static_cast<int>(std::find_if(alphas.begin(), alphas.end(), below) - alphas.begin()));
}

class Dpmpp2m : public Sampler {
 public:
  Dpmpp2m(const NoiseSchedule& schedule, const SamplerOptions& options)
      : config_(schedule.config()) {
    const std::vector<float> training = training_sigmas(schedule);
    const int last = last_timestep(schedule);
    const Spacing spacing = config_.spacing.value_or(Spacing::linspace);
    const bool trailing = spacing == Spacing::trailing;  // the others count timestep 0 as a step
    timesteps_ = rounded(spaced_timesteps(spacing, last, options.steps + (trailing ? 0 : 1),
                                          trailing ? 0 : config_.steps_offset));
    timesteps_.resize(options.steps);
    require_descending(timesteps_);
    std::vector<double> levels = sigmas_at(timesteps_, training);
    if (config_.use_karras_sigmas) {
      levels = karras_sigmas(training.front(), training.back(), options.steps);
      for (int i = 0; i < options.steps; ++i) {
        timesteps_[i] = static_cast<float>(std::nearbyint(timestep_of(levels[i], training)));
      }
    }
    sigmas_.assign(levels.begin(), levels.end());
    sigmas_.push_back(config_.final_sigma_is_least ? training.front() : 0);
  }

  void step(int i, std::span<const float> model_output, std::span<float> latents, Rng&) override {
    const Level here(sigmas_[i]), next(sigmas_[i + 1]);
    const float h = next.lambda - here.lambda;
    const float decay = next.noise / here.noise;
    const float gain = next.alpha * (std::exp(-h) - 1);
    std::vector<float> x0 = predict_x0(here, model_output, latents);
    for (size_t k = 0; k < latents.size(); ++k) latents[k] = decay * latents[k] - gain * x0[k];
    if (i > 0 && !first_order_at(i)) {
      const float ratio = (here.lambda - Level(sigmas_[i - 1]).lambda) / h;
      const float weight =
          config_.solver_is_heun ? next.alpha * ((std::exp(-h) - 1) / h + 1) : -0.5f * gain;
      for (size_t k = 0; k < latents.size(); ++k) {
        latents[k] += weight * ((1 / ratio) * (x0[k] - previous_x0_[k]));
      }
    }
    previous_x0_ = std::move(x0);
  }

 private:
  std::vector<float> predict_x0(const Level& level, std::span<const float> model_output,
                                std::span<const float> latents) const {
    std::vector<float> x0(latents.size());
    for (size_t k = 0; k < x0.size(); ++k) {
      const float x = latents[k], out = model_output[k];
      x0[k] = config_.prediction == Prediction::epsilon ? (x - level.noise * out) / level.alpha
                                                        : level.alpha * x - level.noise * out;
    }
    return x0;
  }

  // The last step is first order for stability: always to sigma 0, where lambda is infinite.
  bool first_order_at(int i) const {
    if (i != calls() - 1) return false;
    return config_.euler_at_final || !config_.final_sigma_is_least ||
           (config_.lower_order_final && calls() < 15);
  }

  SchedulerConfig config_;
  std::vector<float> sigmas_, previous_x0_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpmpp_2m(const NoiseSchedule& schedule,
                                       const SamplerOptions& options) {
  return std::make_unique<Dpmpp2m>(schedule, options);
}

}  // namespace lacuna
