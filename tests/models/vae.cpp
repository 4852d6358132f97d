// VAE encoder and decoder against diffusers' AutoencoderKL.
#include "models/vae.h"

#include "engine/plan.h"
#include "tests/device.h"
#include "tests/models/gradients.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_encoder(const std::string& name, const TensorFile& golden, WeightStore& store,
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

void check_decoder(const std::string& name, const TensorFile& golden, WeightStore& store,
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
  const TensorFile golden = TensorFile::open(folder / "golden.safetensors");
  const VaeConfig config = VaeConfig::from_file(folder / "config.json");
  for (DType type : types_of(device())) {
    WeightStore store(device(), TensorFile::open(folder / "diffusion_pytorch_model.safetensors"),
                      type);
    check_encoder(name, golden, store, config);
    check_decoder(name, golden, store, config);
  }
}

// A store of their own each: what it has loaded is what the half of the model reads.
void check_vae_gradients(const std::string& name) {
  const auto folder = fixture("vae/" + name);
  const TensorFile golden = TensorFile::open(folder / "golden.safetensors");
  const VaeConfig config = VaeConfig::from_file(folder / "config.json");
  const std::vector<std::string> encoder_names = {"encoder.", "quant_conv.", "input.image"};
  const std::vector<std::string> decoder_names = {"decoder.", "post_quant_conv.", "input.latent"};
  const auto check = [&](const auto& model, const WeightStore& store, const std::string& loss,
                         const std::string& input, const std::vector<std::string>& others) {
    const Array given = channels_last(read(golden, "input." + input));
    const GradientCase c = {
        .fixture = "vae/" + name,
        .loss = loss,
        .store = store,
        .trace =
            [&](Graph& g, auto& inputs) {
              inputs[input] = g.input(input, Shape(given.shape));
              return model(cast(inputs[input], store.dtype()));
            },
        .set = [&](Plan& plan) { plan.set(input, std::span<const float>(given.values)); }};
    check_gradients(c, run_gradients(c), f32_gradient_bound, others);
  };
  const auto file = folder / "diffusion_pytorch_model.safetensors";
  WeightStore encoder_store(device(), TensorFile::open(file), DType::f32),
      decoder_store(device(), TensorFile::open(file), DType::f32);
  const VaeEncoder encoder(encoder_store, config);
  check(encoder, encoder_store, "moments", "image", decoder_names);
  const VaeDecoder decoder(decoder_store, config);
  check(decoder, decoder_store, "decoded", "latent", encoder_names);
}

}  // namespace

TEST_CASE("VAE equals diffusers: two levels" * needs_device()) { check_vae("two_levels"); }
TEST_CASE("VAE equals diffusers: four levels" * needs_device()) { check_vae("four_levels"); }
TEST_CASE("VAE equals diffusers: attention with its old names" * needs_device()) {
  check_vae("old_names");
}

TEST_CASE("VAE's gradients equal PyTorch's: two levels" * needs_device()) {
  check_vae_gradients("two_levels");
}
TEST_CASE("VAE's gradients equal PyTorch's: four levels" * needs_device()) {
  check_vae_gradients("four_levels");
}
