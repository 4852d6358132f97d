// The makers that models/samplers/sampler.cpp lists; a new method is one
// file and one line in each of the two.
#pragma once

#include <memory>

#include "models/samplers/sampler.h"

namespace lacuna {

std::unique_ptr<Sampler> make_ddim(const NoiseSchedule& schedule, const SamplerOptions& options);
std::unique_ptr<Sampler> make_pndm(const NoiseSchedule& schedule, const SamplerOptions& options);
std::unique_ptr<Sampler> make_lms(const NoiseSchedule& schedule, const SamplerOptions& options);
std::unique_ptr<Sampler> make_euler(const NoiseSchedule& schedule, const SamplerOptions& options);
std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& schedule,
                                              const SamplerOptions& options);
std::unique_ptr<Sampler> make_dpmpp_2m(const NoiseSchedule& schedule,
                                       const SamplerOptions& options);

}  // namespace lacuna
