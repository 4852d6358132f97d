// How much of a latent is noise at training timestep t: x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise,
// with a = alphas_cumprod (DDPM, arXiv 2006.11239, equation 4), and what else a checkpoint's
// scheduler_config.json says about sampling. As in diffusers, any sampler can be made from any such
// file: a key that the file leaves out has the default of the sampler's class, hence the optionals.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna {

enum class Prediction { epsilon, v };
enum class Spacing { leading, trailing, linspace };

struct SchedulerConfig {
  std::string class_name;  // "PNDMScheduler": the checkpoint's own choice
  int num_train_timesteps = 1000;
  Prediction prediction = Prediction::epsilon;
  std::optional<Spacing> spacing;
  int steps_offset = 0;
  bool rescale_betas_zero_snr = false;
  bool use_karras_sigmas = false;
  bool final_sigma_is_least = false;     // final_sigmas_type: sigma_min instead of zero
  std::optional<bool> set_alpha_to_one;  // DDIM, PNDM
  bool clip_sample = true;               // DDIM
  float clip_sample_range = 1;
  bool skip_prk_steps = false;    // PNDM
  bool solver_is_heun = false;    // DPM-Solver++
  bool lower_order_final = true;  // DPM-Solver++
  bool euler_at_final = false;    // DPM-Solver++
  std::optional<double> lambda_min_clipped;
};

class NoiseSchedule {
 public:
  static NoiseSchedule load(const std::filesystem::path& scheduler_config);
  // `name` stands for the file in messages.
  static NoiseSchedule parse(const std::string& name, std::string_view json);

  const SchedulerConfig& config() const { return config_; }
  int train_timesteps() const { return config_.num_train_timesteps; }
  std::span<const float> alphas_cumprod() const { return alphas_cumprod_; }

  // out = sqrt(a_t) x0 + sqrt(1 - a_t) noise; out may be x0 or noise.
  void add_noise(std::span<const float> x0, std::span<const float> noise, int t,
                 std::span<float> out) const;

 private:
  SchedulerConfig config_;
  std::vector<float> alphas_cumprod_;  // [num_train_timesteps]
};

}  // namespace lacuna
