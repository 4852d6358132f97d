// All arithmetic is float where diffusers' is: 1 - a_t at t = 0 has only four digits to lose.
#include "models/noise_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "engine/file.h"
#include "models/json_file.h"

namespace lacuna {
namespace {

enum BetaSchedule { linear, scaled_linear, squaredcos_cap_v2 };

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

std::vector<float> read_betas(const JsonFile& file, int count) {
  if (const auto found = file.object().find("trained_betas");
      found != file.object().end() && !found->is_null()) {
    if (!found->is_array() || found->size() != static_cast<size_t>(count)) {
      file.fail("'trained_betas' must be a list of num_train_timesteps numbers");
    }
    std::vector<float> betas;
    for (const nlohmann::json& value : *found) {
      const double beta = value.is_number() ? value.get<double>() : -1;
      if (!(beta >= 0 && beta < 1)) file.fail("'trained_betas' must be numbers from 0 to below 1");
      betas.push_back(static_cast<float>(beta));
    }
    return betas;
  }
  const double least = file.number("beta_start", 1e-9, 0.999).value_or(0.0001);
  const double most = file.number("beta_end", 1e-9, 0.999).value_or(0.02);
  const int kind = file.choice("beta_schedule", {"linear", "scaled_linear", "squaredcos_cap_v2"})
                       .value_or(linear);
  if (kind == linear) {
    return linspace(static_cast<float>(least), static_cast<float>(most), count);
  }
  std::vector<float> betas(count);
  if (kind == scaled_linear) {
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

SchedulerConfig read_config(const JsonFile& file) {
  SchedulerConfig config;
  config.class_name = file.string("_class_name").value_or("");
  const int count = file.integer("num_train_timesteps", 2, 100000).value_or(1000);
  config.num_train_timesteps = count;
  config.prediction =
      Prediction(file.choice("prediction_type", {"epsilon", "v_prediction"}).value_or(0));
  if (const auto spacing = file.choice("timestep_spacing", {"leading", "trailing", "linspace"})) {
    config.spacing = Spacing(*spacing);
  }
  config.steps_offset = file.integer("steps_offset", 0, count - 1).value_or(0);
  config.rescale_betas_zero_snr = file.boolean("rescale_betas_zero_snr").value_or(false);
  config.use_karras_sigmas = file.boolean("use_karras_sigmas").value_or(false);
  config.final_sigma_is_least = file.choice("final_sigmas_type", {"zero", "sigma_min"}).value_or(0);
  config.set_alpha_to_one = file.boolean("set_alpha_to_one");
  config.clip_sample = file.boolean("clip_sample").value_or(true);
  config.clip_sample_range =
      static_cast<float>(file.number("clip_sample_range", 0, 1e6).value_or(1));
  config.skip_prk_steps = file.boolean("skip_prk_steps").value_or(false);
  // "bh1" and its like are UniPC's and DEIS's names, for which
  // diffusers' DPM-Solver takes midpoint.
  config.solver_is_heun =
      file.choice("solver_type", {"midpoint", "heun", "bh1", "bh2", "logrho"}).value_or(0) == 1;
  config.lower_order_final = file.boolean("lower_order_final").value_or(true);
  config.euler_at_final = file.boolean("euler_at_final").value_or(false);
  if (file.object().value("lambda_min_clipped", nlohmann::json()).is_number()) {  // else "-inf"
    config.lambda_min_clipped = file.number("lambda_min_clipped", -1e9, 1e9);
  }
  return config;
}

// What would change the samples and is not supported must not be passed over in silence.
void refuse_unsupported(const JsonFile& file) {
  for (const char* key : {"thresholding", "use_exponential_sigmas", "use_beta_sigmas",
                          "use_lu_lambdas", "use_flow_sigmas", "use_dynamic_shifting"}) {
    if (file.boolean(key).value_or(false)) {
      file.fail(fmt::format("'{}' is not supported, so it must be false", key));
    }
  }
  file.choice("interpolation_type", {"linear"});
  file.choice("timestep_type", {"discrete"});
  file.choice("algorithm_type", {"dpmsolver++", "deis"});
  file.integer("solver_order", 2, 2);
}

}  // namespace

NoiseSchedule NoiseSchedule::load(const std::filesystem::path& scheduler_config) {
  return parse(display(scheduler_config), read_file(scheduler_config, 1 << 22));
}

NoiseSchedule NoiseSchedule::parse(std::string name, std::string_view json) {
  const JsonFile file = JsonFile::parse("noise schedule", std::move(name), json);
  NoiseSchedule schedule;
  schedule.config_ = read_config(file);
  refuse_unsupported(file);
  schedule.alphas_cumprod_ = cumulative_product(read_betas(file, schedule.train_timesteps()));
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
