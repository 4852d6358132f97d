// The training loop on pico with few, small steps: what it leaves, and that interruption does not
// show.
#include "erase/train.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "erase/edits/fingerprint.h"
#include "erase/methods/esd.h"
#include "tests/device.h"
#include "tests/erase/pico.h"
#include "tests/temporary.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

const char* const some_weights[] = {
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight",
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight",
    "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0.bias",
};

EsdOptions small_esd() {
  EsdOptions o;
  o.concepts = {"red"};
  o.retain = {"a blue circle"};
  o.steps = 3;
  o.trajectories = 2;
  o.retain_trajectories = 1;
  o.batch = 1;
  o.retain_batch = 1;
  o.size = pico().latent_size(64, 64);
  return o;
}

TrainOptions few(int64_t iterations) {
  TrainOptions o;
  o.iterations = iterations;
  o.learning_rate = 1e-3;
  o.save_every = 2;
  return o;
}

// A run from the options alone; the state that it ends in.
struct Run {
  TextCache text{pico().text_predictor()};
  Trainables trainables;
  Esd method;

  explicit Run(EsdOptions esd = small_esd(), int64_t rank = 0)
      : trainables(device(), pico().unet_weights(),
                   std::vector<std::string>(std::begin(some_weights), std::end(some_weights)), rank,
                   esd.seed),
        method(device(), pico(), text, trainables, esd, "hash") {}

  void train(const TrainOptions& o, RunFolder& folder, const ProgressCallback& progress = {}) {
    lacuna::train(
        device(), method, trainables, o, {{"base", "pico"}}, folder,
        progress ? progress : [](const std::string&, int64_t, int64_t) { return true; });
  }
  std::vector<float> state() {
    std::vector<float> all;
    for (const auto& t : trainables.state())
      all.insert(all.end(), t.values.begin(), t.values.end());
    return all;
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::string read_text(const std::filesystem::path& file) { return read_file(file, 1 << 24); }

// run.jsonl without what the clock says.
std::vector<nlohmann::json> events_of(const std::filesystem::path& folder) {
  std::vector<nlohmann::json> events;
  std::istringstream lines(read_text(folder / "run.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json event = nlohmann::json::parse(line);
    event.erase("seconds");
    event.erase("cpu_seconds");
    events.push_back(event);
  }
  return events;
}

}  // namespace

TEST_CASE("a run that is stopped anywhere and resumed ends in the bits of an unbroken one" *
          needs_device()) {
  const tests::TemporaryFolder folder;
  Run whole;
  RunFolder whole_folder(folder / "whole", false, false);
  whole.train(few(5), whole_folder);
  const std::vector<float> expected = whole.state();

  Run again;
  RunFolder again_folder(folder / "again", false, false);
  again.train(few(5), again_folder);
  CHECK(same_bits(again.state(), expected));

  for (int64_t stop : {0, 1, 3}) {
    const auto path = folder / ("stopped" + std::to_string(stop));
    {
      Run first;
      RunFolder f(path, false, false);
      CHECK_THROWS_AS(first.train(few(5), f,
                                  [&](const std::string& phase, int64_t done, int64_t) {
                                    return phase != "training" || done < stop;
                                  }),
                      Stopped);
    }
    Run second;
    RunFolder f(path, true, false);
    CHECK(f.resumes());
    second.train(few(5), f);
    CHECK(same_bits(second.state(), expected));
    CHECK(events_of(path) == events_of(folder / "whole"));
  }
}

TEST_CASE("a run that is killed after the last save resumes from there" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run whole;
  RunFolder whole_folder(folder / "whole", false, false);
  whole.train(few(5), whole_folder);
  {
    Run first;
    RunFolder f(folder / "killed", false, false);
    struct Killed {};
    // No chance to save: as a kill between the save at 2 and the one at 4.
    CHECK_THROWS_AS(first.train(few(5), f,
                                [&](const std::string& phase, int64_t done, int64_t) -> bool {
                                  if (phase == "training" && done == 3) throw Killed{};
                                  return true;
                                }),
                    Killed);
  }
  // And a torn line in the log.
  std::ofstream(folder / "killed" / "run.jsonl", std::ios::app) << "{\"event\": \"itera";
  Run second;
  RunFolder f(folder / "killed", true, false);
  second.train(few(5), f);
  CHECK(same_bits(second.state(), whole.state()));
  CHECK(events_of(folder / "killed") == events_of(folder / "whole"));
}

TEST_CASE("training lowers the loss, and recomputation changes no bit" * needs_device()) {
  const tests::TemporaryFolder folder;
  EsdOptions esd = small_esd();
  esd.retain = {};
  esd.retain_batch = 0;
  esd.trajectories = 1;
  esd.batch = 2;
  std::vector<float> states[2];
  for (const bool recompute : {false, true}) {
    Run run(esd);
    TrainOptions o = few(12);
    o.recompute = recompute;
    RunFolder f(folder / (recompute ? "recompute" : "keep"), false, false);
    run.train(o, f);
    double first = 0, last = 0;
    for (size_t i = 0; i < 4; i++) {
      first += f.losses()[i].loss;
      last += f.losses()[f.losses().size() - 1 - i].loss;
    }
    CHECK(last < 0.8 * first);
    states[recompute] = run.state();
    f.draw_losses("a run");
    CHECK(std::filesystem::file_size(f.path() / "loss.png") > 1000);
  }
  CHECK(same_bits(states[0], states[1]));
}

TEST_CASE("accumulated micro-batches are one larger batch" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run run;
  TrainOptions o = few(2);
  o.accumulate = 3;
  RunFolder f(folder / "run", false, false);
  run.train(o, f);
  CHECK(f.losses().size() == 2);
}

TEST_CASE("a LoRA of the same selection trains" * needs_device()) {
  const tests::TemporaryFolder folder;
  Run run(small_esd(), 2);
  CHECK(run.trainables.tensors() == 2);  // the bias has no factors
  RunFolder f(folder / "run", false, false);
  run.train(few(3), f);
  std::map<std::string, Trainables::Export> exported;
  for (const auto& e : run.trainables.exported()) exported[e.name] = e;
  const std::string module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k";
  REQUIRE(exported.count(module + ".lora_up.weight"));
  double norm = 0;
  for (float v : exported[module + ".lora_up.weight"].values) norm += std::abs(v);
  CHECK(norm > 0);
  CHECK(exported[module + ".alpha"].values == std::vector<float>{2});
}

TEST_CASE("other options, another run, or none: refused" * needs_device()) {
  const tests::TemporaryFolder folder;
  {
    Run run;
    RunFolder f(folder / "run", false, false);
    run.train(few(2), f);
  }
  CHECK_THROWS_WITH_AS(RunFolder(folder / "run", false, false),
                       doctest::Contains("holds a run already"), InputError);
  Run other;
  TrainOptions o = few(2);
  o.learning_rate = 2e-3;
  RunFolder f(folder / "run", true, false);
  CHECK_THROWS_WITH_AS(other.train(o, f), doctest::Contains("lr was 0.001 and is 0.002"),
                       InputError);
  // Another class of arithmetic gives other bits; where none is named it is exact.
  const auto resume_as = [&](OptionTexts options) {
    RunFolder again(folder / "run", true, false);
    options.merge(OptionTexts{{"base", "pico"}});
    options.merge(other.method.options());
    options.merge(few(2).texts());
    return again.load(other.trainables, options);
  };
  CHECK(resume_as(arithmetic_texts(Arithmetic::exact)) == 2);
  CHECK_THROWS_WITH_AS(resume_as(arithmetic_texts(Arithmetic::relaxed)),
                       doctest::Contains("arithmetic was exact and is relaxed"), InputError);
  std::ofstream(folder / "run" / "state.safetensors", std::ios::binary) << "damaged";
  RunFolder damaged(folder / "run", true, false);
  CHECK_THROWS_AS(other.train(few(2), damaged), InputError);
}

namespace {

// A method whose targets run away.
class Runaway : public Method {
 public:
  explicit Runaway(float growth) : growth_(growth) {}
  std::string name() const override { return "runaway"; }
  std::string sentence() const override { return "nothing"; }
  OptionTexts options() const override { return {}; }
  Loss loss(Graph& g) const override {
    const Tensor w = pico().unet_weights().loaded().at(some_weights[2]).in(g);
    const Tensor row = w.reshape({1, w.shape().elements()});
    return mse(row, g.input("target", row.shape()));
  }
  Batch next(int64_t index) const override {
    const int64_t n = pico().unet_weights().loaded().at(some_weights[2]).type.shape.elements();
    const float value = std::pow(growth_, static_cast<float>(index));
    Batch batch;
    batch.inputs.set("target", std::vector<float>(static_cast<size_t>(n), value));
    return batch;
  }
  std::vector<std::pair<std::string, double>> parts(std::span<const float>) const override {
    return {};
  }
  int64_t evaluations() const override { return 0; }
  int64_t batch() const override { return 1; }

 private:
  float growth_;
};

}  // namespace

TEST_CASE("a loss that grows or is no number stops the run with the last good state" *
          needs_device()) {
  const tests::TemporaryFolder folder;
  for (const float growth : {1.2f, 1e4f}) {
    Runaway method(growth);
    const std::vector<std::string> names = {some_weights[2]};
    Trainables trainables(device(), pico().unet_weights(), names, 0, 1);
    TrainOptions o = few(60);
    o.learning_rate = 1e-6;
    o.save_every = 3;
    RunFolder f(folder / fmt::format("run{:g}", growth), false, false);
    const ProgressCallback progress = [](const std::string&, int64_t, int64_t) { return true; };
    CHECK_THROWS_WITH_AS(train(device(), method, trainables, o, {}, f, progress),
                         doctest::Contains(growth < 2 ? "has grown" : "is inf"), InputError);
    RunFolder again(f.path(), true, false);
    const int64_t saved = again.load(trainables, o.texts());
    CHECK(saved % 3 == 0);
    CHECK(saved > 0);
    for (const auto& t : trainables.state())
      for (float v : t.values) REQUIRE(std::isfinite(v));
  }
}

TEST_CASE("options out of range are refused by name") {
  const auto message = [](auto change) {
    EsdOptions e;
    e.concepts = {"red"};
    TrainOptions t;
    change(e, t);
    try {
      e.check();
      t.check();
    } catch (const InputError& error) { return std::string(error.what()); }
    return std::string();
  };
  using E = EsdOptions&;
  using T = TrainOptions&;
  CHECK(message([](E, T) {}).empty());
  CHECK(message([](E e, T) { e.concepts = {}; }).find("--concept") != std::string::npos);
  CHECK(message([](E e, T) { e.eta = -1; }).find("--eta -1") != std::string::npos);
  CHECK(message([](E e, T) { e.eta = NAN; }).find("--eta") != std::string::npos);
  CHECK(message([](E e, T) { e.steps = 1; }).find("--steps") != std::string::npos);
  CHECK(message([](E, T t) { t.learning_rate = 0; }).find("--lr") != std::string::npos);
  CHECK(message([](E, T t) { t.learning_rate = 5; }).find("--lr 5") != std::string::npos);
  CHECK(message([](E, T t) { t.iterations = 0; }).find("--iterations") != std::string::npos);
}

TEST_CASE("learning rates over time") {
  CHECK(rate_factor(Decay::constant, 0, 10, 0) == 1);
  CHECK(rate_factor(Decay::constant, 9, 10, 0) == 1);
  CHECK(rate_factor(Decay::constant, 1, 10, 4) == 0.25);
  CHECK(rate_factor(Decay::linear, 4, 10, 4) == 1);
  CHECK(rate_factor(Decay::linear, 7, 10, 4) == 0.5);
  CHECK(rate_factor(Decay::cosine, 7, 10, 4) == doctest::Approx(0.5));
  CHECK(rate_factor(Decay::cosine, 10, 10, 4) == doctest::Approx(0));
  CHECK_THROWS_AS(parse_word<Decay>("sqrt"), InputError);
}
