// All arithmetic is float where diffusers' is: 1 - a_t at t = 0 has only four digits to lose.
#include "models/samplers/noise_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "base/file.h"
#include "base/json.h"

namespace lacuna {
namespace {

enum BetaSchedule { linear_betas, scaled_linear_betas, cosine_betas };

// torch.linspace in float: from both ends towards the middle.
std::vector<float> linspace(float start, float end, int count) {
  std::vector<float> values(count, start);
  const float step = count > 1 ? (end - start) / static_cast<float>(count - 1) : 0;
  for (int i = 1; i < count; ++i) {
    values[i] = i < count / 2 ? start + step * static_cast<float>(i)
                              : end - step * static_cast<float>(count - 1 - i);
  }
  return values;
}

// Improved DDPM, arXiv 2102.09672, equation 17.
float cosine_beta(int i, int count) {
  const auto alpha_bar = [&](double t) {
    const double c = std::cos((t / count + 0.008) / 1.008 * std::numbers::pi / 2);
    return c * c;
  };
  return static_cast<float>(std::min(1 - alpha_bar(i + 1) / alpha_bar(i), 0.999));
}

std::vector<float> read_betas(const Json& json, int count) {
  if (json.has("trained_betas")) {
    std::vector<float> betas;
    for (const Json& beta : json.at("trained_betas").elements())
      betas.push_back(static_cast<float>(beta.within(0.0, 0.999999)));
    if (betas.size() != static_cast<size_t>(count)) {
      json.at("trained_betas")
          .fail(fmt::format("has {} numbers and num_train_timesteps is {}", betas.size(), count));
    }
    return betas;
  }
  const double least = json.number("beta_start", 0.0001, 1e-9, 0.999);
  const double most = json.number("beta_end", 0.02, 1e-9, 0.999);
  const size_t kind =
      json.choice("beta_schedule", {"linear", "scaled_linear", "squaredcos_cap_v2"});
  if (kind == linear_betas) {
    return linspace(static_cast<float>(least), static_cast<float>(most), count);
  }
  std::vector<float> betas(count);
  if (kind == scaled_linear_betas) {
    betas =
        linspace(static_cast<float>(std::sqrt(least)), static_cast<float>(std::sqrt(most)), count);
    for (float& beta : betas) beta *= beta;
  } else {
    for (int i = 0; i < count; ++i) betas[i] = cosine_beta(i, count);
  }
  return betas;
}

// torch.cumprod keeps its running product in double and rounds what it stores.
std::vector<float> cumulative_product(std::span<const float> betas) {
  std::vector<float> products;
  double product = 1;
  for (float beta : betas) {
    product *= 1.0f - beta;
    products.push_back(static_cast<float>(product));
  }
  return products;
}

// "Common diffusion noise schedules and sample steps are flawed", arXiv 2305.08891, algorithm 1:
// shift and scale sqrt(a) so that the last timestep is pure noise and the first stays.
std::vector<float> rescale_to_zero_snr(std::span<const float> alphas_cumprod) {
  std::vector<float> root(alphas_cumprod.begin(), alphas_cumprod.end());
  for (float& r : root) r = std::sqrt(r);
  const float first = root.front(), last = root.back();
  for (float& r : root) r = (r - last) * (first / (first - last));
  std::vector<float> betas;
  for (size_t i = 0; i < root.size(); ++i) {
    const float before = i == 0 ? 1 : root[i - 1] * root[i - 1];
    betas.push_back(1 - root[i] * root[i] / before);
  }
  return cumulative_product(betas);
}

SchedulerConfig read_config(const Json& json) {
  SchedulerConfig config;
  config.class_name = json.get<std::string>("_class_name", "");
  const int count = json.number("num_train_timesteps", 1000, 2, 100000);
  config.num_train_timesteps = count;
  config.prediction = Prediction(json.choice("prediction_type", {"epsilon", "v_prediction"}));
  if (json.has("timestep_spacing")) {
    config.spacing = Spacing(json.choice("timestep_spacing", {"leading", "trailing", "linspace"}));
  }
  config.steps_offset = json.number("steps_offset", 0, 0, count - 1);
  config.rescale_betas_zero_snr = json.get<bool>("rescale_betas_zero_snr", false);
  config.use_karras_sigmas = json.get<bool>("use_karras_sigmas", false);
  config.final_sigma_is_least = json.choice("final_sigmas_type", {"zero", "sigma_min"}) == 1;
  if (json.has("set_alpha_to_one")) {
    config.set_alpha_to_one = json.get<bool>("set_alpha_to_one");
  }
  config.clip_sample = json.get<bool>("clip_sample", true);
  config.clip_sample_range = json.number("clip_sample_range", 1.0f, 0.0f, 1e6f);
  config.skip_prk_steps = json.get<bool>("skip_prk_steps", false);
  // "bh1" and its like are UniPC's and DEIS's names, for which
  // diffusers' DPM-Solver takes midpoint.
  config.solver_is_heun =
      json.choice("solver_type", {"midpoint", "heun", "bh1", "bh2", "logrho"}) == 1;
  config.lower_order_final = json.get<bool>("lower_order_final", true);
  config.euler_at_final = json.get<bool>("euler_at_final", false);
  if (json.has("lambda_min_clipped") && json.at("lambda_min_clipped").is_number()) {
    config.lambda_min_clipped = json.at("lambda_min_clipped").within(-1e9, 1e9);  // else "-inf"
  }
  return config;
}

// What would change the samples and is not supported must not be passed over in silence.
void refuse_unsupported_schedule(const Json& json) {
  for (const char* key : {"thresholding", "use_exponential_sigmas", "use_beta_sigmas",
                          "use_lu_lambdas", "use_flow_sigmas", "use_dynamic_shifting"}) {
    if (json.get<bool>(key, false)) json.at(key).fail("is not supported, so it must be false");
  }
  json.choice("interpolation_type", {"linear"});
  json.choice("timestep_type", {"discrete"});
  json.choice("algorithm_type", {"dpmsolver++", "deis"});
  json.number("solver_order", 2, 2, 2);
}

}  // namespace

NoiseSchedule NoiseSchedule::load(const std::filesystem::path& scheduler_config) {
  return parse(display(scheduler_config), read_file(scheduler_config, 1 << 22));
}

NoiseSchedule NoiseSchedule::parse(const std::string& name, std::string_view json) {
  const Json config = parse_json(json, name);
  NoiseSchedule schedule;
  schedule.config_ = read_config(config);
  refuse_unsupported_schedule(config);
  schedule.alphas_cumprod_ = cumulative_product(read_betas(config, schedule.train_timesteps()));
  if (schedule.config_.rescale_betas_zero_snr) {
    schedule.alphas_cumprod_ = rescale_to_zero_snr(schedule.alphas_cumprod_);
  }
  return schedule;
}

void NoiseSchedule::add_noise(std::span<const float> x0, std::span<const float> noise, int t,
                              std::span<float> out) const {
  assert(t >= 0 && t < train_timesteps() && x0.size() == out.size() && noise.size() == out.size());
  const float a = std::sqrt(alphas_cumprod_[t]), b = std::sqrt(1 - alphas_cumprod_[t]);
  for (size_t i = 0; i < out.size(); ++i) out[i] = a * x0[i] + b * noise[i];
}

}  // namespace lacuna
