// Euler ancestral: a step of Euler's method to a lower noise level than the next one, then fresh
// noise up to it, in the proportion of DDPM's posterior (DDIM with eta = 1 in sigma notation).
#include <cmath>

#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

class EulerAncestral : public SigmaSampler {
 public:
  EulerAncestral(const NoiseSchedule& schedule, const SamplerOptions& options)
      : SigmaSampler(schedule, options.steps, /*karras=*/false) {}

  void step(int i, std::span<const float> model_output, std::span<float> latents,
            Rng& rng) override {
    const float from = sigmas_[i], to = sigmas_[i + 1];
    const float up = std::sqrt(to * to * (from * from - to * to) / (from * from));
    const float down = std::sqrt(to * to - up * up);
    std::vector<float> noise(latents.size());  // drawn at the last step too, where `up` is 0
    rng.randn(std::span(noise));
    for (size_t k = 0; k < latents.size(); ++k) {
      latents[k] += derivative(latents[k], model_output[k], from) * (down - from);
      latents[k] += noise[k] * up;
    }
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& schedule,
                                              const SamplerOptions& options) {
  return std::make_unique<EulerAncestral>(schedule, options);
}

}  // namespace lacuna
