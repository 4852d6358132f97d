// LMS: a linear multistep method (Adams-Bashforth on an uneven grid of sigmas) of order 4 for
// dx / dsigma, arXiv 2206.00364, equation 1, as k-diffusion introduced it.
#include <cmath>
#include <deque>

#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

constexpr int most_order = 4;

class Lms : public SigmaSampler {
 public:
  Lms(const NoiseSchedule& schedule, const SamplerOptions& options)
      : SigmaSampler(schedule, options.steps, schedule.config().use_karras_sigmas) {}

  void step(int i, std::span<const float> model_output, std::span<float> latents, Rng&) override {
    if (i == 0) history_.clear();
    if (history_.size() == most_order) history_.pop_back();
    std::vector<float>& newest = history_.emplace_front(latents.size());
    for (size_t k = 0; k < latents.size(); ++k) {
      newest[k] = derivative(latents[k], model_output[k], sigmas_[i]);
    }
    const int order = static_cast<int>(history_.size());
    std::vector<float> change(latents.size());
    for (int age = 0; age < order; ++age) {
      const float weight = coefficient(i, order, age);
      for (size_t k = 0; k < change.size(); ++k) change[k] += weight * history_[age][k];
    }
    for (size_t k = 0; k < latents.size(); ++k) latents[k] += change[k];
  }

 private:
  // The integral from sigma_i to sigma_(i+1) of the Lagrange polynomial that is 1 at
  // sigma_(i-age) and 0 at the other `order - 1` newest sigmas. It has degree 3 at
  // most: two Gauss-Legendre nodes are exact.
  float coefficient(int i, int order, int age) const {
    const double from = sigmas_[i], to = sigmas_[i + 1];
    const double half = (to - from) / 2, middle = (from + to) / 2;
    double sum = 0;
    for (double node : {-1 / std::sqrt(3.0), 1 / std::sqrt(3.0)}) {
      double product = 1;
      for (int k = 0; k < order; ++k) {
        if (k == age) continue;
        const double other = sigmas_[i - k];
        product *= (middle + half * node - other) / (sigmas_[i - age] - other);
      }
      sum += product * half;
    }
    return static_cast<float>(sum);
  }

  std::deque<std::vector<float>> history_;  // derivatives, newest first
};

}  // namespace

std::unique_ptr<Sampler> make_lms(const NoiseSchedule& schedule, const SamplerOptions& options) {
  return std::make_unique<Lms>(schedule, options);
}

}  // namespace lacuna
