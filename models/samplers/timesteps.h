// Which of the training timesteps a sampler visits, as diffusers tabulates them (the three spacings
// of arXiv 2305.08891, table 2), and the noise levels sigma = sqrt((1 - a) / a) that go with them
// for the methods in k-diffusion's notation (x = x_0 + sigma noise).
#pragma once

#include <span>
#include <vector>

#include "models/samplers/sampler.h"

namespace lacuna {

// `count` timesteps of 0 .. train - 1, largest first. linspace gives fractions: some callers round.
std::vector<double> spaced_timesteps(Spacing spacing, int train, int count, int offset);

// numpy's round: halves go to the even neighbour.
std::vector<float> rounded(std::span<const double> values);

// a_t per training timestep as the sigma methods take it: never 0, so that no sigma is infinite.
std::vector<float> training_sigmas(const NoiseSchedule& schedule);

// sigma at possibly fractional timesteps, by linear interpolation between training timesteps.
std::vector<double> sigmas_at(std::span<const float> timesteps, std::span<const float> sigmas);

// arXiv 2206.00364, equation 5, with rho = 7: `count` levels from `most` down to `least`.
std::vector<double> karras_sigmas(double least, double most, int count);

// The inverse of sigmas_at, linear in log sigma.
double timestep_of(double sigma, std::span<const float> sigmas);

// Refuses tables that visit a timestep twice: these methods divide by the distance.
void require_descending(std::span<const float> timesteps);

// What LMS, Euler and Euler ancestral share.
class SigmaSampler : public Sampler {
 public:
  float init_noise_sigma() const override;
  void scale_model_input(int i, std::span<float> x) const override;

 protected:
  SigmaSampler(const NoiseSchedule& schedule, int steps, bool karras);
  // dx / dsigma, from the model's answer at noise level sigma.
  float derivative(float x, float model_output, float sigma) const;

  std::vector<float> sigmas_;  // [calls + 1], the last is what the trajectory ends at

 private:
  Prediction prediction_;
  Spacing spacing_;
};

}  // namespace lacuna
