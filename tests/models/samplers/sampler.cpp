// Every sampler against trajectories of diffusers' schedulers (tools/golden/samplers.py), with the
// same stand-in for the model on both sides.
#include "models/samplers/sampler.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

using namespace lacuna;
using nlohmann::json;

namespace {

const std::string fixtures = LACUNA_SOURCE_DIR "/tests/fixtures/samplers/";

json read_index() {
  std::ifstream file(fixtures + "index.json");
  return json::parse(file);
}

std::vector<float> read_floats() {
  std::ifstream file(fixtures + "trajectories.f32", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), values.size() * 4);
  return values;
}

std::vector<float> pattern(int multiplier, int modulus, int n) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) {
    values.push_back(
        static_cast<float>(static_cast<double>(i * multiplier % modulus) / modulus - 0.5));
  }
  return values;
}

double relative_l2(std::span<const float> got, std::span<const float> expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(double{got[i]} - expected[i], 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

const char* sd1 = R"({"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
  "beta_schedule": "scaled_linear", "clip_sample": false, "set_alpha_to_one": false,
  "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null})";

NoiseSchedule sd1_with(const char* changes) {
  json config = json::parse(sd1);
  config.update(json::parse(changes));
  return NoiseSchedule::parse("test", config.dump());
}

std::unique_ptr<Sampler> make(std::string_view name, const NoiseSchedule& schedule, int steps) {
  return Sampler::make(name, schedule, {.steps = steps});
}

}  // namespace

TEST_CASE("every step of every golden trajectory within 1e-5") {
  const json golden = read_index();
  const std::vector<float> data = read_floats();
  const int n = golden["n"];
  const std::vector<float> bias = pattern(37, 101, n);
  std::map<std::string, double> worst;
  for (const json& test : golden["cases"]) {
    const std::string name = test["sampler"], config = test["config"].dump();
    CAPTURE(name);
    CAPTURE(config);
    CAPTURE(test["steps"].get<int>());
    const NoiseSchedule schedule = NoiseSchedule::parse("golden", config);
    const auto sampler =
        Sampler::make(name, schedule, {.steps = test["steps"], .eta = test["eta"].get<float>()});
    const auto timesteps = test["timesteps"].get<std::vector<float>>();
    REQUIRE(sampler->calls() == static_cast<int>(timesteps.size()));
    for (size_t i = 0; i < timesteps.size(); ++i) {
      CHECK(sampler->timesteps()[i] == doctest::Approx(timesteps[i]).epsilon(1e-6));
    }
    const float sigma = test["init_noise_sigma"];
    CHECK(sampler->init_noise_sigma() == doctest::Approx(sigma).epsilon(1e-6));

    Rng rng(RngKind::torch, 5);
    std::vector<float> x = pattern(53, 97, n);
    for (float& value : x) value *= 4 * sampler->init_noise_sigma();
    const auto rows = test["rows"].get<std::vector<int>>();
    size_t row = 0;
    const float* expected = data.data() + test["offset"].get<size_t>();
    for (int i = 0; i <= sampler->calls(); ++i) {
      if (row < rows.size() && rows[row] == i) {
        const double error = relative_l2(x, {expected + row * n, static_cast<size_t>(n)});
        CAPTURE(i);
        CHECK(error <= 1e-5);
        worst[name] = std::max(worst[name], error);
        ++row;
      }
      if (i == sampler->calls()) break;
      std::vector<float> out = x;
      sampler->scale_model_input(i, out);
      const float scale = static_cast<float>(0.3 * std::cos(double{timesteps[i]} / 100));
      for (int k = 0; k < n; ++k) out[k] = scale * out[k] + bias[k];
      sampler->step(i, out, x, rng);
    }
    CHECK(row == rows.size());
  }
  for (const auto& [name, error] : worst) MESSAGE(name, ": largest relative error ", error);
  CHECK(worst.size() == Sampler::names().size());
}

TEST_CASE("alphas_cumprod and add_noise") {
  const json golden = read_index();
  const std::vector<float> data = read_floats();
  for (const json& test : golden["schedules"]) {
    const NoiseSchedule schedule = NoiseSchedule::parse("golden", test["config"].dump());
    const float* expected = data.data() + test["offset"].get<size_t>();
    REQUIRE(schedule.alphas_cumprod().size() == 1000);
    for (int t = 0; t < 1000; ++t) {
      CHECK(std::abs(schedule.alphas_cumprod()[t] - expected[t]) <=
            5e-7);  // torch.linspace differs by CPU
    }
  }
  const NoiseSchedule schedule = NoiseSchedule::parse("test", sd1);
  const std::vector<float> x0 = pattern(53, 97, golden["n"]), noise = pattern(37, 101, golden["n"]);
  for (int row = 0; row < 3; ++row) {
    std::vector<float> x(x0.size());
    schedule.add_noise(x0, noise, golden["add_noise"]["timesteps"][row], x);
    const auto expected = golden["add_noise"]["rows"][row].get<std::vector<float>>();
    CHECK(relative_l2(x, expected) <= 1e-6);
  }
}

TEST_CASE("pndm makes more calls than steps") {
  CHECK(make("pndm", sd1_with("{}"), 50)->calls() == 51);
  CHECK(make("pndm", sd1_with("{}"), 1)->calls() == 1);
  CHECK(make("pndm", sd1_with(R"({"skip_prk_steps": false})"), 50)->calls() == 59);
}

TEST_CASE("a sampler used again from step 0 repeats itself, whatever the batch") {
  const NoiseSchedule schedule = NoiseSchedule::parse("test", sd1);
  for (std::string_view name : Sampler::names()) {
    CAPTURE(name);
    for (size_t n : {0, 1, 3, 64}) {
      const auto sampler = make(name, schedule, 6);
      std::vector<float> results[2];
      for (std::vector<float>& x : results) {
        x.assign(n, 0.5f);
        Rng rng(RngKind::philox, 1);
        for (int i = 0; i < sampler->calls(); ++i) sampler->step(i, std::vector<float>(x), x, rng);
      }
      CHECK(results[0] == results[1]);
    }
  }
}

TEST_CASE("timesteps stay in range for every number of steps, or the error says so") {
  for (const char* spacing : {"leading", "trailing", "linspace"}) {
    const NoiseSchedule schedule =
        sd1_with(fmt::format(R"({{"timestep_spacing": "{}"}})", spacing).c_str());
    for (std::string_view name : Sampler::names()) {
      for (int steps = 1; steps <= 1000; ++steps) {
        try {
          const auto sampler = make(name, schedule, steps);
          CHECK(std::ranges::all_of(sampler->timesteps(),
                                    [](float t) { return t >= 0 && t <= 999; }));
          REQUIRE(sampler->calls() >= steps);
        } catch (const InputError&) { REQUIRE(steps > 490); }
      }
    }
  }
}

TEST_CASE("bad options are bad input") {
  const NoiseSchedule schedule = NoiseSchedule::parse("test", sd1);
  CHECK_THROWS_WITH_AS(make("ddpm", schedule, 10),
                       doctest::Contains("ddim, pndm, lms, euler, euler_a, dpmpp_2m"), InputError);
  CHECK_THROWS_WITH_AS(make("ddim", schedule, 0), doctest::Contains("1 to 1000"), InputError);
  CHECK_THROWS_AS(make("ddim", schedule, 1001), InputError);
  CHECK_THROWS_AS(make("ddim", schedule, 1000), InputError);  // steps_offset 1: timestep 1000
  CHECK_THROWS_AS(Sampler::make("ddim", schedule, {.steps = 5, .eta = 2}), InputError);
  CHECK_THROWS_AS(Sampler::make("ddim", schedule, {.steps = 5, .eta = std::nanf("")}), InputError);
  CHECK_THROWS_AS(make("pndm", sd1_with(R"({"skip_prk_steps": false})"), 3), InputError);
  CHECK_THROWS_AS(make("pndm", sd1_with(R"({"rescale_betas_zero_snr": true})"), 9), InputError);
}

TEST_CASE("the checkpoint's own sampler is the default") {
  CHECK(Sampler::default_name(NoiseSchedule::parse("test", sd1)) == "pndm");
  CHECK(Sampler::default_name(NoiseSchedule::parse("test", "{}")) == "ddim");
  CHECK(Sampler::default_name(NoiseSchedule::load(
            LACUNA_SOURCE_DIR "/assets/pico/scheduler/scheduler_config.json")) == "ddim");
}

TEST_CASE("a damaged scheduler_config.json is bad input") {
  for (const char* text : {"",
                           "[]",
                           "null",
                           "{",
                           R"({"num_train_timesteps": "1000"})",
                           R"({"num_train_timesteps": 1})",
                           R"({"num_train_timesteps": 1e30})",
                           R"({"num_train_timesteps": 10.5})",
                           R"({"beta_start": -1})",
                           R"({"beta_schedule": "exotic"})",
                           R"({"trained_betas": [0.1]})",
                           R"({"trained_betas": 5})",
                           R"({"num_train_timesteps": 2, "trained_betas": [0.1, 1e9]})",
                           R"({"clip_sample": 1})",
                           R"({"num_train_timesteps": 2, "trained_betas": [0.1, "x"]})",
                           R"({"steps_offset": 1000})",
                           R"({"prediction_type": "sample"})",
                           R"({"thresholding": true})",
                           R"({"solver_order": 3})",
                           R"({"algorithm_type": "sde-dpmsolver++"})",
                           R"({"timestep_spacing": ["leading"]})"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(NoiseSchedule::parse("broken.json", text),
                         doctest::Contains("broken.json"), InputError);
  }
  CHECK_THROWS_WITH_AS(NoiseSchedule::load("/no/such.json"), doctest::Contains("/no/such.json"),
                       InputError);
}
