// Several sets of inputs in one graph, and what an entry of a batch needs.
#include "models/denoiser.h"

#include <cmath>

#include "base/error.h"
#include "models/predictor.h"
#include "models/stable_diffusion.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("two denoisers in one graph predict what each predicts alone" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  const LatentSize size{8, 8};
  std::vector<float> z(4 * 64), w(4 * 64);
  for (size_t i = 0; i < z.size(); i++) {
    z[i] = std::sin(static_cast<float>(i));
    w[i] = std::cos(static_cast<float>(i * i));
  }
  const auto text = [&](const char* prompt) {
    return model.text_predictor()(model.tokenizer().encode(prompt));
  };
  const DenoiserInput one{z, 700, text("a red circle")}, other{w, 20, text("a blue cat")};

  const Denoiser first(model.unet(), model.dtype(), 1, size, "first");
  const Denoiser second(model.unet(), model.dtype(), 1, size, "second");
  Graph g;
  const int64_t tokens = model.tokenizer().context();
  g.output("first", first.predict(first.in(g, tokens)));
  g.output("second", second.predict(second.in(g, tokens)));
  Plan plan(device(), g);
  Feed feed;
  first.fill(feed, {&one, 1});
  second.fill(feed, {&other, 1});
  feed.to(plan);
  plan.run();
  const auto alone = [&](const DenoiserInput& input) {
    return model.predictor()({&input, 1}, size)[0];
  };
  CHECK(to_channels_first(plan.get("first"), 4) == alone(one));
  CHECK(to_channels_first(plan.get("second"), 4) == alone(other));
}

TEST_CASE("denoisers of one name in one graph are refused" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  const Denoiser denoiser(model.unet(), model.dtype(), 1, {8, 8});
  Graph g;
  for (const char* name : {"one", "two"})
    g.output(name, denoiser.predict(denoiser.in(g, model.tokenizer().context())));
  CHECK_THROWS_WITH_AS(Plan(device(), g), doctest::Contains("two inputs are named 'unet."),
                       InputError);
}
