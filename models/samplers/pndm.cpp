// PNDM, arXiv 2202.09778: DDIM's step taken with a noise prediction extrapolated from the
// last four (Adams-Bashforth). The four it needs to begin come either from Runge-Kutta
// steps, four calls each, or, where the checkpoint says skip_prk_steps (all of Stable
// Diffusion: "PLMS"), from lower orders, of which the first visits its timestep twice. So
// the number of calls is not the number of steps.
#include <cmath>
#include <deque>

#include "base/error.h"
#include "models/samplers/methods.h"
#include "models/samplers/timesteps.h"

namespace lacuna {
namespace {

class Pndm : public Sampler {
 public:
  Pndm(const NoiseSchedule& schedule, const SamplerOptions& options)
      : schedule_(schedule), stride_(schedule.train_timesteps() / options.steps) {
    const SchedulerConfig& config = schedule.config();
    if (config.rescale_betas_zero_snr) {
      throw InputError(
          "[pndm] this checkpoint's noise schedule ends in pure noise, which PNDM cannot "
          "step from; use ddim or euler");
    }
    const std::vector<float> base =
        rounded(spaced_timesteps(config.spacing.value_or(Spacing::leading),
                                 config.num_train_timesteps, options.steps, config.steps_offset));
    if (config.skip_prk_steps) {
      timesteps_ = base;
      if (base.size() > 1) timesteps_.insert(timesteps_.begin() + 2, base[1]);
      return;
    }
    if (base.size() < 4) {
      throw InputError("[pndm] {} steps are too few for the Runge-Kutta start; ask for 4 or more",
                       base.size());
    }
    for (int k = 0; k < 3; ++k) {  // t, twice the middle, and the next t
      const float middle = base[k + 1] + static_cast<float>(stride_ / 2);
      timesteps_.insert(timesteps_.end(), {base[k], middle, middle, base[k + 1]});
    }
    runge_kutta_calls_ = static_cast<int>(timesteps_.size());
    timesteps_.insert(timesteps_.end(), base.begin() + 3, base.end());
  }

  void step(int i, std::span<const float> model_output, std::span<float> latents, Rng&) override {
    if (i == 0) history_.clear();
    if (i < runge_kutta_calls_) return runge_kutta(i, model_output, latents);
    const int t = static_cast<int>(timesteps_[i]);
    if (i == 1 && runge_kutta_calls_ == 0) {  // the second half of the first step
      const std::vector<float>& first = history_.back();
      std::vector<float> noise(latents.size());
      for (size_t k = 0; k < noise.size(); ++k) noise[k] = (model_output[k] + first[k]) / 2;
      return move(t + stride_, t, noise, start_, latents);
    }
    if (i == 0) start_.assign(latents.begin(), latents.end());
    remember(model_output);
    const std::vector<float> noise = extrapolate();
    move(t, t - stride_, noise, latents, latents);
  }

 private:
  void remember(std::span<const float> noise) {
    if (history_.size() == 4) history_.pop_back();
    history_.emplace_front(noise.begin(), noise.end());
  }

  std::vector<float> extrapolate() const {
    std::vector<float> e = history_[0];
    for (size_t k = 0; k < e.size(); ++k) {
      const auto h = [&](int age) { return history_[age][k]; };
      switch (history_.size()) {
        case 1:
          break;
        case 2:
          e[k] = (3 * h(0) - h(1)) / 2;
          break;
        case 3:
          e[k] = (23 * h(0) - 16 * h(1) + 5 * h(2)) / 12;
          break;
        default:
          e[k] = (1 / 24.0f) * (55 * h(0) - 59 * h(1) + 37 * h(2) - 9 * h(3));
      }
    }
    return e;
  }

  // Call i of a Runge-Kutta step of four: from its start, with its own or the averaged prediction.
  void runge_kutta(int i, std::span<const float> model_output, std::span<float> latents) {
    const int stage = i % 4, t = static_cast<int>(timesteps_[i - stage]);
    if (stage == 0) {
      remember(model_output);
      start_.assign(latents.begin(), latents.end());
      average_.assign(latents.size(), 0);
    }
    const float weight = stage == 0 || stage == 3 ? 1 / 6.0f : 1 / 3.0f;
    for (size_t k = 0; k < latents.size(); ++k) average_[k] += weight * model_output[k];
    const int next = static_cast<int>(timesteps_[i]) - (stage % 2 ? 0 : stride_ / 2);
    move(t, next, stage == 3 ? average_ : model_output, start_, latents);
  }

  // Equation 9, from timestep t to `next`, with the noise prediction (or v prediction) `out`.
  void move(int t, int next, std::span<const float> out, std::span<const float> from,
            std::span<float> to) const {
    const SchedulerConfig& config = schedule_.config();
    const std::span<const float> alphas = schedule_.alphas_cumprod();
    const float last = config.set_alpha_to_one.value_or(false) ? 1 : alphas[0];
    const float a = alphas[t], a_next = next >= 0 ? alphas[next] : last;
    const float b = 1 - a, b_next = 1 - a_next;
    const float scale = std::sqrt(a_next / a);
    const float divisor = a * std::sqrt(b_next) + std::sqrt(a * b * a_next);
    const float sqrt_a = std::sqrt(a), sqrt_b = std::sqrt(b);
    for (size_t k = 0; k < to.size(); ++k) {
      const float noise =
          config.prediction == Prediction::v ? sqrt_a * out[k] + sqrt_b * from[k] : out[k];
      to[k] = scale * from[k] - (a_next - a) * noise / divisor;
    }
  }

  NoiseSchedule schedule_;
  int stride_;
  int runge_kutta_calls_ = 0;
  std::deque<std::vector<float>> history_;  // noise predictions, newest first, four at most
  std::vector<float> start_, average_;      // where the running step began; its weighted prediction
};

}  // namespace

std::unique_ptr<Sampler> make_pndm(const NoiseSchedule& schedule, const SamplerOptions& options) {
  return std::make_unique<Pndm>(schedule, options);
}

}  // namespace lacuna
