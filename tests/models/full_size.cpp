// Stable Diffusion 1.5's exact shapes, when LACUNA_FULL_SIZE names a folder made by
// `tools/make_random_sd15 DIR --reference`: minutes and gigabytes, so not part of every run.
#include <cstdlib>

#include "base/clock.h"
#include "models/stable_diffusion.h"
#include "tests/device.h"
#include "tests/models/golden.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("SD 1.5 at full size equals diffusers" * needs_device()) {
  const char* folder = std::getenv("LACUNA_FULL_SIZE");
  if (!folder) {
    MESSAGE(
        "skipped: LACUNA_FULL_SIZE does not name a folder of tools/make_random_sd15 --reference");
    return;
  }
  const TensorFile golden =
      TensorFile::open(std::filesystem::path(folder) / "reference.safetensors");
  for (Precision precision : {Precision::f32, Precision::f16}) {
    StableDiffusion model(device(), folder, precision);
    const double limit = bound(model.dtype());
    const Array sample = read(golden, "sample"), context = read(golden, "context"),
                latent = read(golden, "latent");
    Tokenizer::Encoding prompt;
    prompt.ids = read_ids(golden, "input_ids");
    const double text = relative_error(*model.text_predictor()(prompt).sequence, context.values);
    const auto sequence = std::make_shared<const std::vector<float>>(context.values);
    const DenoiserInput input{
        sample.values, read(golden, "timestep").values.at(0), {sequence, {}, {}}};
    const LatentSize size{sample.shape[2], sample.shape[3]};
    const double before = cpu_seconds();
    const double unet =
        relative_error(model.predictor()({&input, 1}, size).at(0), read(golden, "epsilon").values);
    MESSAGE(std::string(name_of(model.dtype())), ": text ", text, ", UNet ", unet, " in ",
            cpu_seconds() - before, " CPU s");
    CHECK(text <= limit);
    CHECK(unet <= limit);
  }
}
