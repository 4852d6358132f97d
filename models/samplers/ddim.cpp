// DDIM, arXiv 2010.02502, equation 12: predict x_0 and the noise in x_t, then
// put them together again with the noise level of the next timestep. eta > 0
// replaces part of that noise by fresh noise.
#include <algorithm>
#include <cmath>

#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

class Ddim : public Sampler {
 public:
  Ddim(const NoiseSchedule& schedule, const SamplerOptions& options)
      : schedule_(schedule),
        stride_(schedule.train_timesteps() / options.steps),
        eta_(options.eta) {
    const SchedulerConfig& config = schedule.config();
    timesteps_ =
        rounded(spaced_timesteps(config.spacing.value_or(Spacing::leading),
                                 config.num_train_timesteps, options.steps, config.steps_offset));
  }

  void step(int i, std::span<const float> model_output, std::span<float> latents,
            Rng& rng) override {
    const SchedulerConfig& config = schedule_.config();
    const int t = static_cast<int>(timesteps_[i]), next = t - stride_;
    const float last = config.set_alpha_to_one.value_or(true) ? 1 : schedule_.alphas_cumprod()[0];
    const float a = schedule_.alphas_cumprod()[t];
    const float a_next = next >= 0 ? schedule_.alphas_cumprod()[next] : last;
    const float sqrt_a = std::sqrt(a), sqrt_b = std::sqrt(1 - a);
    const float sigma = eta_ * std::sqrt((1 - a_next) / (1 - a) * (1 - a / a_next));
    const float sqrt_a_next = std::sqrt(a_next);
    const float direction = std::sqrt(1 - a_next - sigma * sigma);

    for (size_t k = 0; k < latents.size(); ++k) {
      const float x = latents[k], out = model_output[k];
      float x0 = (x - sqrt_b * out) / sqrt_a, noise = out;
      if (config.prediction == Prediction::v) {
        x0 = sqrt_a * x - sqrt_b * out;
        noise = sqrt_a * out + sqrt_b * x;
      }
      if (config.clip_sample) {
        x0 = std::clamp(x0, -config.clip_sample_range, config.clip_sample_range);
      }
      latents[k] = sqrt_a_next * x0 + direction * noise;
    }
    if (eta_ == 0) return;
    std::vector<float> fresh(latents.size());
    rng.randn(std::span(fresh));
    for (size_t k = 0; k < latents.size(); ++k) latents[k] += sigma * fresh[k];
  }

 private:
  NoiseSchedule schedule_;
  int stride_;
  float eta_;
};

}  // namespace

std::unique_ptr<Sampler> make_ddim(const NoiseSchedule& schedule, const SamplerOptions& options) {
  return std::make_unique<Ddim>(schedule, options);
}

}  // namespace lacuna
