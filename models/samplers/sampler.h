// From noise to a latent: a Sampler says at which timesteps to call the model and what
// to do with each answer. It does on the host, on spans of floats, what diffusers'
// scheduler classes do on tensors, with their tables, their defaults and (within 1e-5)
// their float results; one file per method in samplers/.
//
//   std::unique_ptr<Sampler> sampler = Sampler::make("ddim", schedule, {.steps = 25});
//   rng.randn(x);  x *= sampler->init_noise_sigma();
//   for (int i = 0; i < sampler->calls(); ++i) {
//     input = x;  sampler->scale_model_input(i, input);
//     sampler->step(i, model(input, sampler->timesteps()[i]), x, rng);
//   }
//
// A sampler remembers model outputs of earlier steps: one Sampler per trajectory (a batch is one),
// and i goes up by one from 0; starting again at 0 is allowed.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "models/samplers/noise_schedule.h"

namespace lacuna {

struct SamplerOptions {
  int steps = 25;
  float eta = 0;  // DDIM: 0 is deterministic, 1 adds as much noise as DDPM
};

class Sampler {
 public:
  static std::unique_ptr<Sampler> make(std::string_view name, const NoiseSchedule& schedule,
                                       const SamplerOptions& options);
  static std::span<const std::string_view> names();
  // The sampler for which the checkpoint was saved; ddim if lacuna does not have it.
  static std::string_view default_name(const NoiseSchedule& schedule);

  virtual ~Sampler() = default;

  // One entry per model call. PNDM makes more calls than steps.
  std::span<const float> timesteps() const { return timesteps_; }
  int calls() const { return static_cast<int>(timesteps_.size()); }

  virtual float init_noise_sigma() const { return 1; }
  virtual void scale_model_input(int, std::span<float>) const {}
  // Takes the latents of call i to those of call i + 1, in place.
  // Draws from rng only if the method does.
  virtual void step(int i, std::span<const float> model_output, std::span<float> latents,
                    Rng& rng) = 0;

 protected:
  std::vector<float> timesteps_;
};

}  // namespace lacuna
