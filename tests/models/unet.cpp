// The UNet against diffusers' UNet2DConditionModel.
#include "models/unet.h"

#include "engine/plan.h"
#include "tests/device.h"
#include "tests/models/gradients.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

// A golden UNet on the device with its inputs.
struct Golden {
  std::string name;
  std::filesystem::path folder = fixture("unet/" + name);
  TensorFile file = TensorFile::open(folder / "golden.safetensors");
  Array sample = channels_last(read(file, "input.sample"));
  Array context = read(file, "input.context");
  UNetConfig config = UNetConfig::from_file(folder / "config.json");
  WeightStore store;
  UNet unet;

  Golden(const std::string& name_, DType type)
      : name(name_),
        store(device(), TensorFile::open(folder / "diffusion_pytorch_model.safetensors"), type),
        unet(store, config) {}

  Tensor trace(Graph& g, std::map<std::string, Tensor>& inputs) const {
    const Tensor x = inputs["sample"] = g.input("sample", Shape(sample.shape));
    const Tensor c = inputs["context"] = g.input("context", Shape(context.shape));
    const Tensor f = g.input("features", {sample.shape[0], config.block_out_channels[0]});
    const DType type = store.dtype();
    return unet(cast(x, type), cast(f, type), cast(c, type));
  }
  void set(Plan& plan) const {
    std::vector<float> features;
    for (float t : read(file, "input.timestep").values)
      for (float f : config.time_features(t)) features.push_back(f);
    plan.set("sample", std::span<const float>(sample.values));
    plan.set("features", std::span<const float>(features));
    plan.set("context", std::span<const float>(context.values));
  }
  GradientCase gradients(bool recompute = false) const {
    return {.fixture = "unet/" + name,
            .loss = "epsilon",
            .store = store,
            .trace = [this](Graph& g, auto& inputs) { return trace(g, inputs); },
            .set = [this](Plan& plan) { set(plan); },
            .recompute = recompute};
  }
};

void check_unet(const std::string& name) {
  for (DType type : types_of(device())) {
    const Golden golden(name, type);
    const Array epsilon = channels_last(read(golden.file, "output.epsilon"));
    Graph g;
    std::map<std::string, Tensor> inputs;
    g.output("epsilon", cast(golden.trace(g, inputs), DType::f32));
    Plan plan(device(), g);
    golden.set(plan);
    plan.run();
    const std::vector<float> once = plan.get("epsilon");
    const double error = relative_error(once, epsilon.values);
    MESSAGE(name, " ", std::string(name_of(type)), ": relative error ", error);
    CHECK(error <= bound(type));
    plan.run();
    CHECK(plan.get("epsilon") == once);
    const Placement& p = plan.placement();
    CHECK(static_cast<double>(p.arena_bytes) <= 1.02 * static_cast<double>(p.live_peak_bytes));
  }
}

void check_unet_gradients(const std::string& name) {
  const Golden golden(name, DType::f32);
  const GradientCase c = golden.gradients();
  check_gradients(c, run_gradients(c), f32_gradient_bound);
}

}  // namespace

TEST_CASE("UNet equals diffusers: SD 1.x block order" * needs_device()) { check_unet("sd1"); }
TEST_CASE("UNet equals diffusers: heads by level, linear projections" * needs_device()) {
  check_unet("sd2");
}
TEST_CASE("UNet equals diffusers: 9 input channels" * needs_device()) { check_unet("inpainting"); }
TEST_CASE("UNet equals diffusers: sides that do not divide" * needs_device()) {
  check_unet("uneven");
}
TEST_CASE("UNet equals diffusers: down block without attention first" * needs_device()) {
  check_unet("down_first");
}

TEST_CASE("UNet's gradients equal PyTorch's: SD 1.x block order" * needs_device()) {
  check_unet_gradients("sd1");
}
TEST_CASE("UNet's gradients equal PyTorch's: heads by level, linear projections" * needs_device()) {
  check_unet_gradients("sd2");
}
TEST_CASE("UNet's gradients equal PyTorch's: 9 input channels" * needs_device()) {
  check_unet_gradients("inpainting");
}
TEST_CASE("UNet's gradients equal PyTorch's: sides that do not divide" * needs_device()) {
  check_unet_gradients("uneven");
}

TEST_CASE("UNet's gradients with f16 storage" * needs_device()) {
  if (!device().traits().storage16) return;
  const Golden golden("sd1", DType::f16);
  const GradientCase c = golden.gradients();
  // Activations and weights are rounded, gradients stay f32. Measured on lavapipe: 0.078 at most,
  // 0.019 on average; eight random channels amplify rounding, as the forward side's tests say.
  check_gradients(c, run_gradients(c), 0.15);
}

TEST_CASE("activations computed again give the same gradients in less memory" * needs_device()) {
  const Golden golden("sd1", DType::f32);
  const GradientRun kept = run_gradients(golden.gradients());
  const GradientRun again = run_gradients(golden.gradients(true));
  CHECK(again.loss == kept.loss);
  CHECK(again.gradients == kept.gradients);
  MESSAGE("live peak ", kept.live_peak_bytes, " bytes, recomputed ", again.live_peak_bytes);
  CHECK(again.live_peak_bytes < kept.live_peak_bytes);
}
