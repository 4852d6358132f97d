// The UNet against diffusers' UNet2DConditionModel.
#include "models/unet.h"

#include "engine/plan.h"
#include "tests/device.h"
#include "tests/models/golden.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_unet(const std::string& name) {
  const auto folder = fixture("unet/" + name);
  const SafeTensors golden = SafeTensors::open(folder / "golden.safetensors");
  const Array sample = channels_last(read(golden, "input.sample"));
  const Array context = read(golden, "input.context");
  const Array timestep = read(golden, "input.timestep");
  const Array epsilon = channels_last(read(golden, "output.epsilon"));
  const UNetConfig config = UNetConfig::from_file(folder / "config.json");
  std::vector<float> features;
  for (float t : timestep.values)
    for (float f : config.time_features(t)) features.push_back(f);
  for (DType type : types_of(device())) {
    WeightStore store(device(), folder / "diffusion_pytorch_model.safetensors", type);
    const UNet unet(store, config);
    Graph g;
    const Tensor x = g.input("sample", Shape(sample.shape));
    const Tensor f = g.input("features", {sample.shape[0], config.block_out_channels[0]});
    const Tensor c = g.input("context", Shape(context.shape));
    g.output("epsilon", cast(unet(cast(x, type), cast(f, type), cast(c, type)), DType::f32));
    Plan plan(device(), g);
    plan.set("sample", std::span<const float>(sample.values));
    plan.set("features", std::span<const float>(features));
    plan.set("context", std::span<const float>(context.values));
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
