// Short runs of ESD and of Inpainting Erasure on pico against PyTorch: tests/fixtures/esd and
// inpaint, made by tools/golden/esd.py, which samples the trajectories and trains with diffusers
// and torch.optim in float32.
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "erase/methods/inpaint.h"
#include "erase/train.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

const std::filesystem::path source = LACUNA_SOURCE_DIR;

// A run without its weight decay is off by 1.4e-3, one with a clip that differs by 1 % by 1.2e-3;
// what the fixture's 16 bits leave open is 2e-4.
constexpr double change_bound = 1e-3;

double relative_difference(double a, double b) { return std::abs(a - b) / std::abs(b); }

struct Squares {
  double difference = 0, norm = 0;
  double relative() const { return std::sqrt(difference / norm); }
};

using Make = std::function<std::unique_ptr<Method>(StableDiffusion&, TextCache&, const Trainables&,
                                                   const EsdOptions&)>;

void compare(const char* fixture, const Make& make) {
  const std::filesystem::path folder = source / "tests/fixtures" / fixture;
  std::ifstream in(folder / "golden.json");
  const nlohmann::json golden = nlohmann::json::parse(in);
  const TensorFile changes = TensorFile::open(folder / "change.safetensors");
  const auto text = [&](const char* option) {
    return golden.at("options").at(option).get<std::string>();
  };
  const auto number = [&](const char* option) { return std::stod(text(option)); };
  const auto whole = [&](const char* option) { return std::stoll(text(option)); };

  StableDiffusion model(device(), source / "assets/pico", Precision::f32);
  TextCache states(model.text_predictor());
  EsdOptions esd;
  esd.concepts = {text("concept")};
  const std::string retain = golden.at("options").value("retain", "");
  if (!retain.empty()) esd.retain = {retain};
  esd.eta = number("eta");
  esd.retain_weight = number("retain-weight");
  esd.retain_neutral = number("retain-neutral");
  esd.start_guidance = static_cast<float>(number("start-guidance"));
  esd.steps = static_cast<int>(whole("steps"));
  esd.retain_steps = static_cast<int>(whole("retain-steps"));
  esd.trajectories = whole("trajectories");
  esd.retain_trajectories = whole("retain-trajectories");
  esd.batch = whole("batch");
  esd.retain_batch = whole("retain-batch");
  esd.seed = static_cast<uint64_t>(whole("seed"));
  esd.size = model.latent_size(model.default_size(), model.default_size());
  TrainOptions train;
  train.iterations = whole("iterations");
  train.accumulate = whole("accumulate");
  train.warmup = whole("warmup");
  train.learning_rate = number("lr");
  train.decay = parse_word<Decay>(text("schedule"));
  train.decoupled = text("optimizer") == "adamw";
  train.weight_decay = number("weight-decay");
  train.clip = number("clip");
  REQUIRE(whole("rank") == 0);

  std::vector<std::string> names;
  for (const auto& [name, entry] : changes.entries()) names.push_back(name);
  Trainables trainables(device(), model.unet_weights(), names, 0, esd.seed);
  const std::unique_ptr<Method> made = make(model, states, trainables, esd);
  Method& method = *made;
  method.prepare([](const std::string&, int64_t, int64_t) { return true; });
  Trainer trainer(device(), method, trainables, train);

  double worst_loss = 0, worst_norm = 0;
  std::map<std::string, int> index;  // of a trajectory in the fixture, by its hash
  for (int64_t i = 0; i < train.iterations; i++) {
    INFO("iteration ", i + 1);
    const auto at = static_cast<size_t>(i);
    const Trainer::Result r = trainer.iterate(i, method);
    const nlohmann::json& examples = golden.at("examples").at(at);
    REQUIRE(r.used.size() == examples.size());
    for (size_t k = 0; k < examples.size(); k++) {
      const auto [known, is_new] = index.emplace(r.used[k].trajectory, examples[k][0].get<int>());
      CHECK(known->second == examples[k][0].get<int>());
      CHECK(r.used[k].step == examples[k][1].get<int64_t>());
      CHECK(r.used[k].role == examples[k][2].get<std::string>());
    }
    const double loss = relative_difference(r.loss, golden.at("loss").at(at).get<double>());
    CHECK(loss <= 1e-3);
    worst_loss = std::max(worst_loss, loss);
    const double norm =
        relative_difference(r.norm, golden.at("gradient_norm").at(at).get<double>());
    CHECK(norm <= 1e-3);
    worst_norm = std::max(worst_norm, norm);
  }

  Squares all;
  for (const Trainables::Export& e : trainables.exported()) {
    INFO(e.name);
    const TensorFile& file = model.unet_weights().file();
    std::vector<float> original(e.values.size()), expected(e.values.size());
    file.to_float(file.at(e.name), original);
    changes.to_float(changes.at(e.name), expected);
    Squares one;
    double change = 0;
    for (size_t k = 0; k < expected.size(); k++) {
      const double ours = double(e.values[k]) - original[k];
      change += ours * ours;
      one.difference += (ours - expected[k]) * (ours - expected[k]);
      one.norm += double(expected[k]) * expected[k];
    }
    CHECK(one.relative() <= change_bound);
    CHECK(relative_difference(std::sqrt(change), golden.at("change_norm").at(e.name)) <=
          change_bound);
    all.difference += one.difference;
    all.norm += one.norm;
  }
  CHECK(all.relative() <= change_bound);
  MESSAGE("loss within ", worst_loss, ", gradient norm within ", worst_norm,
          ", change of the weights within ", all.relative(), " of PyTorch's");
}

}  // namespace

TEST_CASE("ten iterations of ESD equal PyTorch's" * needs_device()) {
  compare("esd", [](StableDiffusion& model, TextCache& text, const Trainables& trainables,
                    const EsdOptions& esd) {
    return std::make_unique<Esd>(device(), model, text, trainables, esd, "");
  });
}

TEST_CASE("ten iterations of Inpainting Erasure equal PyTorch's" * needs_device()) {
  compare("inpaint", [](StableDiffusion& model, TextCache& text, const Trainables& trainables,
                        const EsdOptions& esd) {
    InpaintOptions o{.esd = esd};
    o.masks = {parse_region("left", 64, 64), parse_region("cell:2,2", 64, 64)};
    o.outside_weight = 0.5;
    return std::make_unique<Inpaint>(device(), model, text, trainables, o, "");
  });
}
