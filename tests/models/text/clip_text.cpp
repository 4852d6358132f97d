// CLIP's text encoder against transformers' CLIPTextModel.
#include "models/text/clip_text.h"

#include "engine/plan.h"
#include "models/files/text_names.h"
#include "tests/device.h"
#include "tests/models/gradients.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_clip(const std::string& name) {
  const auto folder = fixture("clip/" + name);
  const TensorFile golden = TensorFile::open(folder / "golden.safetensors");
  const auto ids = read_ids(golden, "input.input_ids");
  const Array states = read(golden, "output.last_hidden_state");
  for (DType type : types_of(device())) {
    INFO(name, " ", std::string(name_of(type)));
    WeightStore store(device(), with_text_names(TensorFile::open(folder / "model.safetensors")),
                      type);
    const ClipText clip(store, ClipTextConfig::from_file(folder / "config.json"));
    Graph g;
    std::vector<Tensor> hidden;
    const Tensor out =
        clip(g.input("ids", {states.shape[0], states.shape[1]}, DType::i32), &hidden);
    g.output("states", cast(out, DType::f32));
    for (size_t i = 0; i < hidden.size(); i++)
      g.output("hidden" + std::to_string(i), cast(hidden[i], DType::f32));
    Plan plan(device(), g);
    plan.set("ids", std::span<const int32_t>(ids));
    plan.run();
    const double error = relative_error(plan.get("states"), states.values);
    MESSAGE(name, " ", std::string(name_of(type)), ": relative error ", error);
    CHECK(error <= bound(type));
    for (size_t i = 0; i < hidden.size(); i++)
      CHECK(relative_error(plan.get("hidden" + std::to_string(i)),
                           read(golden, "output.hidden_states." + std::to_string(i)).values) <=
            bound(type));
  }
}

void check_clip_gradients(const std::string& name, bool prefixed = true) {
  const auto folder = fixture("clip/" + name);
  const TensorFile golden = TensorFile::open(folder / "golden.safetensors");
  const auto ids = read_ids(golden, "input.input_ids");
  const auto shape = golden.at("input.input_ids").shape;
  WeightStore store(device(), with_text_names(TensorFile::open(folder / "model.safetensors")),
                    DType::f32);
  const ClipText clip(store, ClipTextConfig::from_file(folder / "config.json"));
  const GradientCase c = {
      .fixture = "clip/" + name,
      .loss = "last_hidden_state",
      .store = store,
      .trace = [&](Graph& g,
                   auto&) { return clip(g.input("ids", Shape(shape), DType::i32), nullptr); },
      .set = [&](Plan& plan) { plan.set("ids", std::span<const int32_t>(ids)); }};
  GradientRun run = run_gradients(c);
  if (!prefixed) {
    std::map<std::string, std::vector<float>> bare;
    for (const auto& [key, values] : run.gradients)
      bare["gradient." + key.substr(("gradient." + std::string(text_prefix)).size())] = values;
    run.gradients = std::move(bare);
  }
  check_gradients(c, run, f32_gradient_bound);
}

}  // namespace

TEST_CASE("CLIP equals transformers: quick_gelu, 77 tokens" * needs_device()) {
  check_clip("quick_gelu");
}
TEST_CASE("CLIP equals transformers: gelu, 13 tokens, heads of 40" * needs_device()) {
  check_clip("gelu");
}
TEST_CASE("CLIP equals transformers: tensors without the text_model prefix" * needs_device()) {
  check_clip("first_eos");
}

TEST_CASE("CLIP's gradients equal PyTorch's: quick_gelu, 77 tokens" * needs_device()) {
  check_clip_gradients("quick_gelu");
}
TEST_CASE("CLIP's gradients equal PyTorch's: gelu, 13 tokens, heads of 40" * needs_device()) {
  check_clip_gradients("gelu");
}
TEST_CASE("CLIP's gradients equal PyTorch's: tensors without the prefix" * needs_device()) {
  check_clip_gradients("first_eos", false);
}
