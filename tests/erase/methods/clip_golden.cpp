// The losses of clip.h and their gradients with respect to the text encoder against PyTorch:
// tests/fixtures/clip_loss, made by tools/golden/clip_loss.py in float32 on pico.
#include <cmath>
#include <cstring>

#include "engine/gradients.h"
#include "erase/methods/clip.h"
#include "models/files/text_names.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

const std::filesystem::path source = LACUNA_SOURCE_DIR;

std::vector<float> floats(const TensorFile& file, const std::string& name) {
  std::vector<float> values(file.at(name).count());
  file.to_float(file.at(name), values);
  return values;
}

std::vector<int32_t> ids(const TensorFile& file, const std::string& name) {
  const TensorFile::Entry& entry = file.at(name);
  REQUIRE(entry.dtype == FileDType::i32);
  std::vector<int32_t> values(entry.count());
  std::memcpy(values.data(), entry.bytes.data(), entry.bytes.size());
  return values;
}

double norm_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += double(v) * v;
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("gradients of clip's losses equal PyTorch's" * needs_device()) {
  constexpr double bound = 1e-4;
  const TensorFile golden =
      TensorFile::open(source / "tests/fixtures/clip_loss/golden.safetensors");
  StableDiffusion model(device(), source / "assets/pico", Precision::f32);
  TextCache text(model.text_predictor());
  const std::vector<std::string> one = {"text_model.encoder.layers.0.mlp.fc1.bias"};
  const Trainables trainables(device(), model.text_weights(), one, 0, 1, ModelPart::text);
  for (const std::string kind : {"ascent", "esd"}) {
    CAPTURE(kind);
    const bool esd = kind == "esd";
    ClipOptions o;
    o.concepts = {"red"};
    o.loss = parse_word<ClipLoss>(kind);
    o.images = {blank_image(64, 64, 255)};
    o.batch = 2;
    if (esd) o.retain = {"a blue circle"}, o.retain_batch = 2;
    o.size = model.latent_size(64, 64);
    const Clip method(model, text, trainables, o, "");

    const auto in_golden = [&](std::string_view name) {
      return kind + "." + std::string(name.substr(text_prefix.size()));
    };
    Graph g;
    const Loss loss = method.loss(g);
    g.output("loss", loss.total);
    std::vector<std::string> names;
    std::vector<Tensor> wanted;
    for (const auto& [name, p] : model.text_weights().loaded())
      if (golden.find(in_golden(name))) {
        names.push_back(name);
        wanted.push_back(p.in(g));
      }
    REQUIRE(names.size() > 30);
    const std::vector<Tensor> gradients = lacuna::gradients(loss.total, wanted);
    for (size_t i = 0; i < names.size(); i++) g.output(names[i], gradients[i]);
    Plan plan(device(), g);

    const std::vector<float> latents = floats(golden, "latents"),
                             timesteps = floats(golden, "timesteps");
    const size_t each = latents.size() / 2;
    std::vector<DenoiserInput> entries;
    for (size_t i = 0; i < 2; i++)
      entries.push_back({std::span(latents).subspan(i * each, each), timesteps[i], {}});
    Feed feed;
    Denoiser(model.unet(), model.dtype(), 2, o.size).fill(feed, entries);
    feed.to(plan);
    std::vector<float> target(latents.size());
    for (size_t i = 0; i < 2; i++)
      to_channels_last(std::span<const float>(floats(golden, "target")).subspan(i * each, each), 4,
                       std::span(target).subspan(i * each, each));
    plan.set("target", std::span<const float>(target));
    plan.set("ids", std::span<const int32_t>(ids(golden, "ids")));
    plan.set("weight", std::vector<float>(2, esd ? 1.0f : -1.0f));
    if (esd) {
      plan.set("retained.ids", std::span<const int32_t>(ids(golden, "retained_ids")));
      plan.set("retained.target", std::span<const float>(floats(golden, "retained_states")));
      plan.set("retained.weight", std::vector<float>(2, 0.5f));
    }
    plan.run();

    const double expected = floats(golden, kind + ".loss")[0];
    CHECK(std::abs(plan.get("loss")[0] / expected - 1) <= 1e-5);
    double worst = 0;
    for (const std::string& name : names) {
      // Softmax ignores the keys' bias: its gradient is rounding noise.
      if (name.ends_with("k_proj.bias")) continue;
      CAPTURE(name);
      const Parameter& p = model.text_weights().loaded().at(name);
      const std::vector<float> ours = plan.get(name), theirs = floats(golden, in_golden(name));
      std::vector<float> difference(ours.size());
      to_checkpoint_layout(p.layout, p.shape, ours, difference);
      for (size_t i = 0; i < difference.size(); i++) difference[i] -= theirs[i];
      const double error = norm_of(difference) / norm_of(theirs);
      CHECK(error <= bound);
      worst = std::max(worst, error);
    }
    MESSAGE(kind, ": ", names.size(), " gradients within ", worst, " of PyTorch's");
  }
}
