// Images on their way from noise: each goes as if it were alone.
#include "models/walk.h"

#include <cmath>

#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("guidance leads from the first prediction past the second") {
  const Predictions two = {{1, 2}, {3, 1}};
  CHECK(guided(two, 2) == std::vector<float>{5, 0});
  CHECK(guided(two, 0) == two[0]);
  CHECK(guided({{1, 2}}, 7.5f) == std::vector<float>{1, 2});
}

TEST_CASE("neighbours do not change an image, whatever else is asked about it" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  const auto text = [&](const char* prompt) {
    return model.text_predictor()(model.tokenizer().encode(prompt));
  };
  const auto start = [&](uint64_t seed, std::vector<Conditioning> asked) {
    return Walk::Start{std::move(asked), Rng(RngKind::torch, seed)};
  };
  const LatentSize size{8, 8};
  // A sampler that draws noise at every step, so that generators are tested as well.
  const auto walk = [&](std::vector<Walk::Start> images) {
    return Walk(model, size, "euler_a", {.steps = 3}, std::move(images));
  };
  const Conditioning neutral = text(""), red = text("a red circle"), cat = text("a blue cat");
  Walk both = walk({start(1, {neutral, red}), start(2, {neutral, cat, red})});
  Walk alone = walk({start(2, {neutral, cat})});
  for (int call = 0; call < both.calls(); call++) {
    const auto p = both.predict(model.predictor(), call);
    const auto q = alone.predict(model.predictor(), call);
    REQUIRE(p.size() == 2);
    CHECK(p[0].size() == 2);
    CHECK(p[1].size() == 3);
    CHECK(p[1][0] == q[0][0]);
    CHECK(p[1][1] == q[0][1]);
    CHECK(both.input(1) == alone.input(0));
    for (size_t i = 0; i < both.images(); i++) both.step(call, i, guided(p[i], 3));
    alone.step(call, 0, guided(q[0], 3));
    CHECK(both.latents(1) == alone.latents(0));
    CHECK(both.latents(0) != both.latents(1));
  }
}

TEST_CASE("predicted x0 is what noise was added to" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  const LatentSize size{8, 8};
  Walk walk(model, size, "ddim", {.steps = 4},
            {{{model.text_predictor()(model.tokenizer().encode("a red circle"))},
              Rng(RngKind::torch, 5)}});
  std::vector<float> x0(walk.latents(0).size()), noise(x0.size());
  for (size_t i = 0; i < x0.size(); i++) {
    x0[i] = std::sin(static_cast<float>(i));
    noise[i] = std::cos(static_cast<float>(3 * i));
  }
  const int call = 2;
  model.noise_schedule().add_noise(x0, noise, static_cast<int>(walk.timestep(call)),
                                   walk.latents(0));
  walk.predict(model.predictor(), call);
  const std::vector<float> result = walk.predicted_x0(call, 0, noise);
  for (size_t i = 0; i < x0.size(); i++) CHECK(result[i] == doctest::Approx(x0[i]).epsilon(1e-4));
}
