#include "models/samplers/sampler.h"

#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "models/samplers/methods.h"

namespace lacuna {
namespace {

struct Method {
  std::string_view name, class_name;
  std::unique_ptr<Sampler> (*make)(const NoiseSchedule&, const SamplerOptions&);
};

constexpr std::array methods = {
    Method{"ddim", "DDIMScheduler", make_ddim},
    Method{"pndm", "PNDMScheduler", make_pndm},
    Method{"lms", "LMSDiscreteScheduler", make_lms},
    Method{"euler", "EulerDiscreteScheduler", make_euler},
    Method{"euler_a", "EulerAncestralDiscreteScheduler", make_euler_ancestral},
    Method{"dpmpp_2m", "DPMSolverMultistepScheduler", make_dpmpp_2m},
};

constexpr std::array<std::string_view, methods.size()> method_names = [] {
  std::array<std::string_view, methods.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = methods[i].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> Sampler::names() { return method_names; }

std::string_view Sampler::default_name(const NoiseSchedule& schedule) {
  for (const Method& method : methods) {
    if (method.class_name == schedule.config().class_name) return method.name;
  }
  return "ddim";
}

std::unique_ptr<Sampler> Sampler::make(std::string_view name, const NoiseSchedule& schedule,
                                       const SamplerOptions& options) {
  const int most = schedule.train_timesteps();
  if (options.steps < 1 || options.steps > most) {
    throw InputError("[sampler] {} steps are out of range; ask for 1 to {}", options.steps, most);
  }
  if (!(options.eta >= 0 && options.eta <= 1)) {
    throw InputError("[sampler] eta {} is out of range; ask for 0 to 1", options.eta);
  }
  for (const Method& method : methods) {
    if (method.name != name) continue;
    std::unique_ptr<Sampler> sampler = method.make(schedule, options);
    for (float t : sampler->timesteps()) {
      if (t >= 0 && t < static_cast<float>(most)) continue;
      throw InputError(
          "[sampler] {} steps lead to timestep {}, but the model knows 0 to {}; ask for fewer",
          options.steps, t, most - 1);
    }
    return sampler;
  }
  throw InputError("[sampler] unknown sampler '{}'; use one of {}", name,
                   fmt::join(method_names, ", "));
}

}  // namespace lacuna
