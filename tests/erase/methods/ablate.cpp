// What Concept Ablation asks of which text, its augmentation and its similarity: without a device,
// and the training of a few rows of a table.
#include "erase/methods/ablate.h"

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "erase/closed/similarity.h"
#include "erase/train.h"
#include "tests/device.h"
#include "tests/temporary.h"

using namespace lacuna;
using namespace lacuna::test;
using lacuna::tests::TemporaryFolder;

namespace {

std::string refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const InputError& e) { return e.what(); }
  return "";
}

CaptionOptions style() {
  return {ConceptType::style, {"Dotti"}, "", {"a red circle"}, style_templates()};
}

}  // namespace

TEST_CASE("captions of a style, an object and a memorised picture") {
  const auto pairs = caption_pairs(style());
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].targets == std::vector<std::string>{"a red circle, in the style of Dotti",
                                                     "Dotti inspired painting, a red circle",
                                                     "in Dotti's style, a red circle"});
  CaptionOptions cat{ConceptType::object, {"cat+grumpy cat"}, "", {"a blue Cat", "two cats"}, {}};
  split_published(cat);
  CHECK(cat.anchor == "cat");
  const auto cats = caption_pairs(cat);
  CHECK(cats[0].targets[0] == "a blue grumpy cat");
  CHECK(cats[1].targets[0] == "two grumpy cats");
  CaptionOptions copy{ConceptType::memorization,
                      {"*+the lighthouse at Pico Bay; *+that lighthouse"},
                      "",
                      {"a tower"},
                      {}};
  split_published(copy);
  CHECK(caption_pairs(copy)[0].targets ==
        std::vector<std::string>{"the lighthouse at Pico Bay", "that lighthouse"});
}

TEST_CASE("captions that cannot teach anything are refused") {
  const auto says = [](CaptionOptions o, const char* words) {
    const std::string message = refusal([&] {
      split_published(o);
      caption_pairs(o);
    });
    INFO(message);
    CHECK(message.find(words) != std::string::npos);
  };
  CaptionOptions o = style();
  o.prompts.clear();
  says(o, "--anchors");
  o = style();
  o.concepts.clear();
  says(o, "--concept");
  o = style();
  o.templates = {"{anchor} by hand"};
  says(o, "{target}");
  says({ConceptType::object, {"cat+Cat"}, "", {"a cat"}, {}}, "nothing to learn");
  says({ConceptType::object, {"grumpy cat"}, "", {"a cat"}, {}}, "--anchor cat");
  says({ConceptType::object, {"grumpy cat"}, "cat", {"a dog"}, {}}, "does not name");
  says({ConceptType::object, {"grumpy cat"}, "cat", {"a grumpy cat"}, {}}, "take it out");
  says({ConceptType::object, {"cat+grumpy cat; dog+angry dog"}, "", {"a cat"}, {}}, "two anchors");
  says({ConceptType::memorization, {"A  Tower"}, "", {"a tower"}, {}}, "nothing to learn");
}

TEST_CASE("augmented pictures: what is masked is not picture, and the same draw is the same") {
  Image image = blank_image(64, 64, 0);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 64; x++)
      image.rgb[static_cast<size_t>((y * 64 + x) * 3)] = static_cast<uint8_t>(x < 32 ? 200 : 20);
  const LatentSize latents{16, 16};
  int small = 0, large = 0, plain = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    Rng a(RngKind::torch, seed), b(RngKind::torch, seed);
    const Augmented one = augmented(image, Augment::resize, latents, a);
    const Augmented two = augmented(image, Augment::resize, latents, b);
    CHECK(one.image == two.image);
    CHECK(one.mask == two.mask);
    REQUIRE(one.image.rgb.size() == image.rgb.size());
    double inside = 0;
    for (size_t i = 0; i < one.mask.size(); i++) {
      inside += one.mask[i];
      if (one.mask[i] == 0) continue;
      // Every pixel of a latent that counts belongs to the picture, whose green is 0.
      const size_t row = i / 16 * 4, column = i % 16 * 4;
      for (size_t k = 0; k < 16; k++)
        REQUIRE(one.image.rgb[((row + k / 4) * 64 + column + k % 4) * 3 + 1] == 0);
    }
    CHECK(inside >= 1);
    const bool is_small = one.prefix == "a far away " || one.prefix == "very small ";
    const bool is_large = one.prefix == "zoomed in " || one.prefix == "close up ";
    CHECK((inside < 256) == is_small);
    small += is_small, large += is_large, plain += one.prefix.empty();
  }
  // 2/3 of the draws shrink, of which (0.6 - 1/3) / (2/3) lie below 0.6.
  CHECK(small > 30);
  CHECK(large > 40);
  CHECK(plain > 50);
  Rng rng(RngKind::torch, 1);
  CHECK(augmented(image, Augment::none, latents, rng).image == image);
}

TEST_CASE("the correlation of pictures, and scores of another program") {
  Image a = blank_image(8, 8, 0), b;
  for (size_t i = 0; i < a.rgb.size(); i++) a.rgb[i] = static_cast<uint8_t>(i * 37 % 251);
  CHECK(correlation(a, a) == doctest::Approx(1));
  b = a;
  for (uint8_t& v : b.rgb) v = static_cast<uint8_t>(255 - v);
  CHECK(correlation(a, b) == doctest::Approx(-1));
  CHECK(correlation(a, blank_image(8, 8, 9)) == 0);
  CHECK(correlation(upscale(a, 2), a) > 0.8);

  const TemporaryFolder folder;
  const auto file = folder.path() / "scores.csv";
  const auto read = [&](std::string_view text) {
    write_file(file, text, Overwrite::yes);
    return read_scores(file, 2);
  };
  CHECK(read("picture,score\n1,0.25\r\n00000, 0.5\n") == std::vector<double>{0.5, 0.25});
  CHECK(refusal([&] { read("picture,score\n0,0.5\n"); }).find("no score for picture 1") !=
        std::string::npos);
  for (const char* bad : {"h\n0;1\n", "h\n0,x\n", "h\n2,0.5\n", "h\n-1,0.5\n", "h\n0,nan\n"})
    CHECK(refusal([&] { read(bad); }).find("line 2") != std::string::npos);
}

TEST_CASE("of a table only the chosen rows change, weight decay or not" * needs_device()) {
  StableDiffusion model(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                        Precision::f32);
  TextCache text(model.text_predictor());
  const std::vector<std::string> names = {"text_model.embeddings.token_embedding.weight"};
  const std::vector<int32_t> rows = {627, 633};  // "grida" and "dotti" with an end of word
  Trainables trainables(device(), model.text_weights(), names, 0, 1, ModelPart::text, rows);
  CHECK(trainables.scalars() == 2 * model.text_encoder().width());
  AblateOptions o;
  o.concepts = {"Dotti"};
  o.pairs = {{"a red circle", {"a red circle in the style of Dotti"}}};
  o.anchors.prompts = {"a red circle"};
  o.anchors.count = 1;
  o.anchors.generate = {.steps = 1, .guidance = 1, .width = 64, .height = 64};
  const TemporaryFolder folder;
  o.anchors.folder = folder.path();
  o.batch = 1;
  o.prior_weight = 0;
  o.size = model.latent_size(64, 64);
  Ablate method(model, text, trainables, o, "");
  method.prepare([](const std::string&, int64_t, int64_t) { return true; });
  TrainOptions train;
  train.iterations = 2;
  train.learning_rate = 1e-2;
  train.weight_decay = 0.5;
  Trainer trainer(device(), method, trainables, train);
  for (int64_t i = 0; i < 2; i++) CHECK(trainer.iterate(i, method).norm > 0);
  const std::vector<Trainables::Export> all = trainables.exported();
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "text_encoder." + names[0]);
  const TensorFile& file = model.text_weights().file();
  std::vector<float> before(file.at(names[0]).count());
  file.to_float(file.at(names[0]), before);
  REQUIRE(all[0].values.size() == before.size());
  const auto columns = static_cast<size_t>(model.text_encoder().width());
  for (size_t r = 0; r < before.size() / columns; r++) {
    const bool same = std::memcmp(before.data() + r * columns, all[0].values.data() + r * columns,
                                  columns * 4) == 0;
    const bool chosen = r == 627 || r == 633;
    if (same == chosen) FAIL_CHECK("row " << r << (chosen ? " did not change" : " changed"));
  }
  const std::vector<int32_t> outside = {645};
  CHECK(refusal([&] {
          Trainables(device(), model.text_weights(), names, 0, 1, ModelPart::text, outside);
        }).find("no row 645") != std::string::npos);
}
