// The parts that methods are put together from: retained examples, and masks.
#include "erase/examples/retained.h"

#include <numeric>

#include "base/error.h"
#include "erase/methods/inpaint.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("retained examples ask for the prompt, or for the empty one" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  TextCache text(model.text_predictor());
  const LatentSize size{8, 8};
  const auto going_on = [](const std::string&, int64_t, int64_t) { return true; };
  const auto of_share = [&](double neutral) {
    RetainedExamples retained(model, text,
                              {.prompts = {"a blue circle"},
                               .batch = 1,
                               .neutral = neutral,
                               .sampling = {.steps = 2, .size = size},
                               .trajectories = 1,
                               .seed = 3},
                              "");
    retained.prepare(going_on);
    return retained;
  };
  const TrajectoryPrompt red{"a red circle", "a red circle"};
  const uint64_t seed = 4;
  const auto of_concept = frozen_trajectories(model, text, {&red, 1}, {&seed, 1},
                                              {.steps = 2, .size = size}, "", going_on);
  const auto lies_on = [](const Entry& e, const Trajectory& t) {
    for (const Example& x : t.examples)
      if (x.latents == e.latents && x.timestep == e.timestep) return true;
    return false;
  };
  Rng rng(RngKind::torch, 1);
  const RetainedExamples prompts = of_share(0), neutral = of_share(1);
  int concept_latents = 0;
  for (int i = 0; i < 40; i++) {
    const Entry kept = prompts.draw(rng, of_concept);
    CHECK(kept.prompt == "a blue circle");
    CHECK(kept.used.role == "retain");
    CHECK_FALSE(lies_on(kept, of_concept[0]));
    const Entry empty = neutral.draw(rng, of_concept);
    CHECK(empty.prompt.empty());
    CHECK(empty.used.role == "neutral");
    if (!lies_on(empty, of_concept[0])) continue;
    concept_latents++;
    CHECK(empty.target == of_concept[0].examples[static_cast<size_t>(empty.used.step)].neutral);
  }
  CHECK(concept_latents > 20);  // three of four
  CHECK(concept_latents < 40);
  CHECK_FALSE(lies_on(neutral.draw(rng, {}), of_concept[0]));
}

TEST_CASE("what a mask weighs, inside and outside") {
  InpaintOptions o;
  o.esd.size = {4, 4};
  o.outside_weight = 0.5;
  o.masks = {parse_region("left", 16, 16), parse_region("rect:0,0,1,1", 16, 16)};
  const Masks masks(o);
  CHECK(masks.count() == 2);
  CHECK(std::accumulate(masks[0].begin(), masks[0].end(), 0.0) == doctest::Approx(8));
  CHECK(masks.weights(0).inside == 2);
  CHECK(masks.weights(0).outside == 1);  // 0.5 * 16 / 8
  CHECK(masks.weights(1).inside == 1);
  CHECK(masks.weights(1).outside == 0);  // there is nothing outside
  o.mask_loss = MaskLoss::inside_only;
  CHECK(masks.weights(0).outside == 0);
}
