// VAE encoder and decoder against diffusers' AutoencoderKL.
#include "models/vae.h"

#include "engine/plan.h"
#include "tests/device.h"
#include "tests/models/golden.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_encoder(const std::string& name, const SafeTensors& golden, WeightStore& store,
                   const VaeConfig& config) {
  const Array image = channels_last(read(golden, "input.image"));
  const Array mean = channels_last(read(golden, "output.mean"));
  const Array logvar = channels_last(read(golden, "output.logvar"));
  const VaeEncoder encoder(store, config);
  Graph g;
  const Tensor moments = encoder(cast(g.input("image", Shape(image.shape)), store.dtype()));
  g.output("mean", cast(slice(moments, 0, config.latent_channels), DType::f32));
  g.output("logvar",
           cast(slice(moments, config.latent_channels, config.latent_channels), DType::f32));
  Plan plan(device(), g);
  plan.set("image", std::span<const float>(image.values));
  plan.run();
  const double error = relative_error(plan.get("mean"), mean.values);
  MESSAGE(name, " encoder ", std::string(name_of(store.dtype())), ": relative error ", error);
  CHECK(error <= bound(store.dtype()));
  CHECK(relative_error(plan.get("logvar"), logvar.values) <= bound(store.dtype()));
}

void check_decoder(const std::string& name, const SafeTensors& golden, WeightStore& store,
                   const VaeConfig& config) {
  const Array latent = channels_last(read(golden, "input.latent"));
  const Array decoded = channels_last(read(golden, "output.decoded"));
  const VaeDecoder decoder(store, config);
  Graph g;
  g.output("pixels",
           cast(decoder(cast(g.input("latent", Shape(latent.shape)), store.dtype())), DType::f32));
  Plan plan(device(), g);
  plan.set("latent", std::span<const float>(latent.values));
  plan.run();
  const double error = relative_error(plan.get("pixels"), decoded.values);
  MESSAGE(name, " decoder ", std::string(name_of(store.dtype())), ": relative error ", error);
  CHECK(error <= bound(store.dtype()));
}

void check_vae(const std::string& name) {
  const auto folder = fixture("vae/" + name);
  const SafeTensors golden = SafeTensors::open(folder / "golden.safetensors");
  const VaeConfig config = VaeConfig::from_file(folder / "config.json");
  for (DType type : types_of(device())) {
    WeightStore store(device(), folder / "diffusion_pytorch_model.safetensors", type);
    check_encoder(name, golden, store, config);
    check_decoder(name, golden, store, config);
  }
}

}  // namespace

TEST_CASE("VAE equals diffusers: two levels" * needs_device()) { check_vae("two_levels"); }
TEST_CASE("VAE equals diffusers: four levels" * needs_device()) { check_vae("four_levels"); }
TEST_CASE("VAE equals diffusers: attention with its old names" * needs_device()) {
  check_vae("old_names");
}
