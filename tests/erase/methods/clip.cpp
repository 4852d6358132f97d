// Text-encoder erasure on pico with few, small steps: what moves, what stays, and that runs repeat.
#include "erase/methods/clip.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/edited_weights.h"
#include "erase/edits/export_encoder.h"
#include "erase/examples/made_images.h"
#include "erase/selection.h"
#include "erase/train.h"
#include "tests/device.h"
#include "tests/erase/pico.h"
#include "tests/temporary.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

ClipOptions small_clip() {
  ClipOptions o;
  o.concepts = {"red"};
  o.images = made_images("flat:red", 64, 64, 3, 1);
  o.source = "flat:red";
  o.retain = {"a blue circle", "a cat"};
  o.retain_batch = 3;
  o.batch = 2;
  o.size = pico().latent_size(64, 64);
  return o;
}

struct Run {
  TextCache text{pico().text_predictor()};
  std::vector<std::string> names;
  Trainables trainables;
  Clip method;

  explicit Run(const std::string& layers, ClipOptions o = small_clip())
      : names(select(parameters_of(ModelPart::text, pico().text_weights().file()), layers)),
        trainables(device(), pico().text_weights(), names, 0, o.seed, ModelPart::text),
        method(pico(), text, trainables, o, "hash") {}

  int64_t train(const std::filesystem::path& folder, int64_t iterations,
                const Milestones& milestones = {}) {
    TrainOptions o;
    o.iterations = iterations;
    o.learning_rate = 1e-3;
    o.save_every = 2;
    RunFolder f(folder, false, false);
    return lacuna::train(
        device(), method, trainables, o, {}, f,
        [](const std::string&, int64_t, int64_t) { return true; }, milestones);
  }
};

std::map<std::string, std::vector<float>> values_of(Trainables& trainables) {
  std::map<std::string, std::vector<float>> all;
  for (const Trainables::Export& e : trainables.exported()) all[e.name] = e.values;
  return all;
}

}  // namespace

TEST_CASE("ascent: the loss of the pictures grows, the pull falls, and runs repeat bit for bit" *
          needs_device()) {
  const tests::TemporaryFolder folder;
  std::map<std::string, std::vector<float>> first;
  for (const char* name : {"a", "b"}) {
    Run run("mlp-final-attn");
    CHECK(run.method.per_epoch() == 2);  // three pictures, two at a time
    CHECK_FALSE(run.method.bounded());
    CHECK(run.train(folder / name, 6) == 6);
    CHECK(run.method.pull() < 0.9);
    CHECK(run.method.drift() > 0);
    CHECK(run.method.drift() < 0.3);
    const auto values = values_of(run.trainables);
    CHECK(values.size() == run.names.size());
    CHECK(values.begin()->first.starts_with("text_encoder."));
    if (first.empty())
      first = values;
    else
      CHECK(values == first);
  }
}

TEST_CASE("before the first step all of the pull is there" * needs_device()) {
  Run run("3");
  run.method.prepare([](const std::string&, int64_t, int64_t) { return true; });
  CHECK(run.method.pull() == doctest::Approx(1).epsilon(1e-5));
  CHECK(run.method.drift() == doctest::Approx(0));
}

TEST_CASE("esd: the loss falls" * needs_device()) {
  const tests::TemporaryFolder folder;
  ClipOptions o = small_clip();
  o.loss = ClipLoss::esd;
  o.images = {};
  o.steps = 4;
  o.trajectories = 2;
  Run run("mlp", o);
  CHECK(run.method.bounded());
  CHECK(run.method.per_epoch() == 1);
  run.train(folder / "run", 8);
  CHECK(run.method.pull() < 0.9);
}

namespace {

ClipOptions small_states() {
  ClipOptions o = small_clip();
  o.loss = ClipLoss::states;
  o.images = {};
  o.prompts = {"a red circle", "a picture of a red star", "a blue square and a red heart"};
  o.anchors = {"an orange circle", "a picture of an orange star",
               "a blue square and an orange heart"};
  return o;
}

// How far a text's states are from what they were or from another text's, as a share of theirs.
double distance(Run& run, const std::string& text, const std::string& from) {
  const Conditioning now =
      conditioning_under(pico(), [&](Graph& g) { run.trainables.replace(g); }, {text})[0];
  const Conditioning then = run.text.conditioning(from);
  double change = 0, whole = 0;
  for (size_t i = 0; i < now.sequence->size(); i++) {
    change += std::pow((*now.sequence)[i] - (*then.sequence)[i], 2);
    whole += std::pow((*then.sequence)[i], 2);
  }
  return std::sqrt(change / whole);
}

}  // namespace

TEST_CASE("states: a phrasing gets its anchor's, which keeps its own, as retained prompts do" *
          needs_device()) {
  const tests::TemporaryFolder folder;
  ClipOptions o = small_states();
  Run kept("mlp-final-attn", o);
  CHECK(kept.method.per_epoch() == 2);  // three captions, two at a time
  const double before = distance(kept, "a red circle", "an orange circle");
  kept.train(folder / "kept", 12);
  CHECK(kept.method.evaluations() == pico().predictor().evaluations());
  CHECK(distance(kept, "a red circle", "an orange circle") < 0.8 * before);
  o.retain_batch = 0;
  Run free("mlp-final-attn", o);
  free.train(folder / "free", 12);
  // What is held, and a text that nobody names.
  for (const char* text : {"an orange circle", "a cat"}) {
    INFO(text);
    CHECK(distance(kept, text, text) < 0.8 * distance(free, text, text));
  }
}

TEST_CASE("states: the gradient is that of both terms" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run run("mlp-final-attn", small_states());
  // At first nothing has moved, so the retained term is flat.
  run.train(folder / "run", 4);
  const TrainOptions options{.learning_rate = 1e-6, .decoupled = false};
  Trainer trainer(device(), run.method, run.trainables, options);
  const auto begin = run.trainables.state();
  // Loss and gradient with these steps from here along the gradient; Adam's first moment holds it.
  std::vector<float> gradient;
  const auto loss_at = [&](double step) {
    auto state = begin;
    size_t next = 0;
    for (Trainables::StateTensor& t : state) {
      if (!t.name.starts_with("weight"))
        std::ranges::fill(t.values, 0.0f);
      else if (step != 0)
        for (float& v : t.values) v += static_cast<float>(step * gradient[next++]);
    }
    run.trainables.set_state(state);
    return trainer.iterate(0, run.method);
  };
  const Trainer::Result here = loss_at(0);
  for (const Trainables::StateTensor& t : run.trainables.state())
    if (t.name.starts_with("moment1"))
      for (const float v : t.values) gradient.push_back(v / 0.1f);
  double squares = 0;
  for (const float g : gradient) squares += g * g;
  CHECK(std::sqrt(squares) == doctest::Approx(here.norm).epsilon(1e-4));
  REQUIRE(here.parts.size() == 2);
  CHECK(here.parts[1].first == "retain");
  CHECK(here.parts[1].second > 0);
  // A hundredth of the loss up and down.
  const double step = 0.01 * here.loss / squares;
  const double slope = (loss_at(step).loss - loss_at(-step).loss) / (2 * step);
  CHECK(slope == doctest::Approx(squares).epsilon(0.02));
}

TEST_CASE("a run may end at a milestone, and going on with it does nothing" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run run("3");
  std::vector<int64_t> seen;
  const Milestones stop = {2, [&](int64_t iterations) {
                             seen.push_back(iterations);
                             return iterations < 4;
                           }};
  CHECK(run.train(folder / "run", 10, stop) == 4);
  CHECK(seen == std::vector<int64_t>{2, 4});
  Run again("3");
  TrainOptions o;
  o.iterations = 10;
  o.learning_rate = 1e-3;
  o.save_every = 2;
  RunFolder f(folder / "run", true, false);
  CHECK(lacuna::train(
            device(), again.method, again.trainables, o, {}, f,
            [](const std::string&, int64_t, int64_t) { return true; }, stop) == 4);
  CHECK(seen.size() == 2);
  CHECK(values_of(again.trainables) == values_of(run.trainables));
}

TEST_CASE("edits of the text encoder: what is not selected keeps its bytes" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run run("2,!*norm*");
  run.train(folder / "run", 2);
  const TensorFile& base = pico().text_weights().file();
  std::vector<TensorToWrite> tensors;
  const std::vector<Trainables::Export> exported = run.trainables.exported();
  for (const Trainables::Export& e : exported) {
    CHECK(e.name.starts_with("text_encoder.text_model.encoder.layers.2."));
    tensors.push_back({e.name, FileDType::f32, e.shape, [&e](std::span<std::byte> bytes) {
                         bytes_from_floats(e.values, FileDType::f32, bytes);
                       }});
  }
  const auto file = folder / "edit.safetensors";
  write_safetensors(file, std::move(tensors), {}, Overwrite::no);
  const Edit edit = Edit::open(file), none = Edit::open(file, 0);
  CHECK(edit.changes(ModelPart::text));
  CHECK_FALSE(edit.changes(ModelPart::unet));
  CHECK(edit.targets(ModelPart::unet, pico().unet_weights().file()).empty());

  TextCache text(pico().text_predictor());
  const std::vector<float> before = *text.conditioning("a red circle").sequence;
  const auto under = [&](const Edit& e) {
    const EditedWeights weights(ModelPart::text, pico().text_weights(), {&e, 1}, false);
    const Overlay overlay = [&](Graph& g) { weights.replace(g); };
    return *conditioning_under(pico(), overlay, {"a red circle"})[0].sequence;
  };
  CHECK(under(edit) != before);
  CHECK(under(none) == before);
  CHECK(*text.conditioning("a red circle").sequence == before);

  const auto encoder = folder / "encoder";
  const auto original = part(pico().path(), "text_encoder");
  export_encoder(base, original, {&edit, 1}, encoder, false);
  CHECK_THROWS_AS(export_encoder(base, original, {&edit, 1}, encoder, false), InputError);
  const TensorFile whole = TensorFile::open(encoder / "model.safetensors");
  CHECK(whole.entries().size() == base.entries().size());
  for (const auto& [name, entry] : whole.entries()) {
    CAPTURE(name);
    const bool trained = std::ranges::find(run.names, name) != run.names.end();
    const bool same = std::ranges::equal(entry.bytes, base.at(name).bytes);
    CHECK(same != trained);
  }
}

TEST_CASE("a LoRA of the text encoder has kohya's names, and comes back" * needs_device()) {
  const std::vector<std::string> names = {"text_model.encoder.layers.0.mlp.fc1.weight"};
  Trainables trainables(device(), pico().text_weights(), names, 2, 1, ModelPart::text);
  const std::vector<Trainables::Export> exported = trainables.exported();
  CHECK(exported[0].name == "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight");
  const tests::TemporaryFolder folder;
  std::vector<TensorToWrite> tensors;
  for (const Trainables::Export& e : exported)
    tensors.push_back({e.name, FileDType::f32, e.shape, [&e](std::span<std::byte> bytes) {
                         bytes_from_floats(e.values, FileDType::f32, bytes);
                       }});
  write_safetensors(folder / "lora.safetensors", std::move(tensors), {}, Overwrite::no);
  const Edit lora = Edit::open(folder / "lora.safetensors");
  const auto targets = lora.targets(ModelPart::text, pico().text_weights().file());
  REQUIRE(targets.size() == 1);
  CHECK(targets[0].name == names[0]);
  CHECK_FALSE(lora.changes(ModelPart::unet));
}

TEST_CASE("clip refuses what it cannot train on" * needs_device()) {
  ClipOptions o = small_clip();
  o.images = {};
  CHECK_THROWS_WITH_AS(Run("3", o), doctest::Contains("--images"), InputError);
  o = small_clip();
  o.concepts = {""};
  CHECK_THROWS_WITH_AS(Run("3", o), doctest::Contains("no token"), InputError);
  o = small_clip();
  o.flip = 2;
  CHECK_THROWS_WITH_AS(Run("3", o), doctest::Contains("--flip 2"), InputError);
  CHECK_THROWS_WITH_AS(Run("4"), doctest::Contains("its layers are 0 to 3"), InputError);
  CHECK_THROWS_WITH_AS(Run("2-9"), doctest::Contains("'2-9' is no layer"), InputError);
  CHECK_THROWS_AS(parse_word<ClipLoss>("descent"), InputError);
}
