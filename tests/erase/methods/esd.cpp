#include "erase/methods/esd.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "erase/phrasing.h"
#include "tests/device.h"
#include "tests/erase/pico.h"

namespace lacuna::test {

TEST_CASE("the concept that a phrasing names") {
  const std::vector<std::string> red = {"red"};
  CHECK(concept_in("a red circle", red) == "red");
  CHECK(concept_in("Red", red) == "red");
  CHECK(concept_in("a circle, red.", red) == "red");
  CHECK(concept_in("a redwood tree", red) == "a redwood tree");  // no word of its own
  CHECK(concept_in("a tired cat", red) == "a tired cat");
  CHECK(concept_in("a tired red cat", red) == "red");
  CHECK(concept_in("crimson", red) == "crimson");
  CHECK(concept_in("", red).empty());
  // The longest: it says more.
  CHECK(concept_in("a grumpy cat", {"cat", "grumpy cat", "grumpy"}) == "grumpy cat");
  CHECK(concept_in("a cat, in the style of Dotti", {"in the style of Dotti"}) ==
        "in the style of Dotti");
  CHECK(concept_in("caf\xc3\xa9s", {"caf"}) == "caf\xc3\xa9s");
  CHECK(concept_in("a picture of R2-D2.", {"R2-D2"}) == "R2-D2");
  CHECK(concept_in("what (is) it", {"(is)"}) == "(is)");
}

TEST_CASE("directions by name") {
  CHECK(parse_word<Direction>("concept") == Direction::concept_text);
  CHECK(parse_word<Direction>("phrasing") == Direction::phrasing);
  CHECK_THROWS_AS(parse_word<Direction>("both"), InputError);
}

TEST_CASE("towards an anchor, an example's target is what the frozen model predicts for it" *
          needs_device()) {
  StableDiffusion& model = pico();
  TextCache text(model.text_predictor());
  const std::vector<std::string> names = {
      "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight"};
  const Trainables trainables(model.device(), model.unet_weights(), names, 0, 0);
  for (const EsdGoal goal : {EsdGoal::anchor, EsdGoal::neutral}) {
    EsdOptions o;
    o.concepts = {"blue"};
    o.prompts = {"a blue circle"};
    o.anchors = {"a red circle"};
    o.goal = goal;
    o.steps = 3;
    o.trajectories = 1;
    o.early = 0.5;
    o.size = model.latent_size(64, 64);
    ConceptExamples examples(model.device(), model, text, trainables, o, "model");
    examples.prepare([](const std::string&, int64_t, int64_t) { return true; });
    REQUIRE(examples.trajectories().size() == 1);
    Rng rng(RngKind::torch, 1);
    for (int i = 0; i < 8; i++) {
      const Entry e = examples.draw(rng);
      CHECK(e.prompt == "a blue circle");
      CHECK(e.used.step < 2);  // the first half of three steps, rounded up
      const DenoiserInput asked{e.latents,
                                e.timestep,
                                text.conditioning(goal == EsdGoal::anchor ? "a red circle" : ""),
                                {}};
      const std::vector<float> frozen = model.predictor()({&asked, 1}, o.size)[0];
      double off = 0;
      for (size_t k = 0; k < frozen.size(); k++)
        off = std::max(off, std::abs(double(frozen[k]) - e.target[k]));
      CHECK(off < 1e-4);
    }
  }
}

TEST_CASE("anchors and phrasings go together" * needs_device()) {
  StableDiffusion& model = pico();
  TextCache text(model.text_predictor());
  const std::vector<std::string> names = {
      "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight"};
  const Trainables trainables(model.device(), model.unet_weights(), names, 0, 0);
  EsdOptions o;
  o.concepts = {"blue"};
  o.prompts = {"a blue circle", "blue"};
  o.anchors = {"a red circle"};
  o.goal = EsdGoal::anchor;
  o.size = model.latent_size(64, 64);
  CHECK_THROWS_WITH_AS(Esd(model.device(), model, text, trainables, o, "model"),
                       doctest::Contains("1 anchors do not go with 2 phrasings"), InputError);
}

}  // namespace lacuna::test
