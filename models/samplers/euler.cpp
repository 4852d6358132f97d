// Euler's method for dx / dsigma: arXiv 2206.00364, algorithm 2 without churn
// and without its second order correction.
#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

class Euler : public SigmaSampler {
 public:
  Euler(const NoiseSchedule& schedule, const SamplerOptions& options)
      : SigmaSampler(schedule, options.steps, schedule.config().use_karras_sigmas) {
    if (schedule.config().final_sigma_is_least) sigmas_.back() = training_sigmas(schedule).front();
  }

  void step(int i, std::span<const float> model_output, std::span<float> latents, Rng&) override {
    const float change = sigmas_[i + 1] - sigmas_[i];
    for (size_t k = 0; k < latents.size(); ++k) {
      latents[k] += derivative(latents[k], model_output[k], sigmas_[i]) * change;
    }
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler(const NoiseSchedule& schedule, const SamplerOptions& options) {
  return std::make_unique<Euler>(schedule, options);
}

}  // namespace lacuna
