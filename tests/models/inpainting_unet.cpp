// A UNet of nine channels: latents, a mask, and the latents of what is given of the picture. pico
// has none, so its own is widened here: what the new channels do is then known.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/tensors/safetensors.h"
#include "models/stable_diffusion.h"
#include "pictures/image.h"
#include "tests/device.h"
#include "tests/temporary.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

const fs::path pico = fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico";

void set_channels(const fs::path& model, int64_t channels) {
  const fs::path file = model / "unet" / "config.json";
  std::ifstream in(file);
  nlohmann::json config = nlohmann::json::parse(in);
  in.close();
  config["in_channels"] = channels;
  std::ofstream(file, std::ios::binary) << config.dump(1);
}

// conv_in [O,I,3,3] for the nine channels: the mask counts in the middle of the kernel and as much
// less in the bias, and what is given counts as the latents do.
void widen(const fs::path& model) {
  const char* name = "diffusion_pytorch_model.safetensors";
  const TensorFile original = TensorFile::open(pico / "unet" / name);
  std::vector<TensorToWrite> tensors;
  for (const auto& [tensor, entry] : original.entries()) {
    std::vector<int64_t> shape = entry.shape;
    size_t elements = 1;
    for (const int64_t s : shape) elements *= static_cast<size_t>(s);
    std::vector<float> values(elements);
    original.to_float(entry, values);
    std::vector<float> wide = values;
    if (tensor == "conv_in.weight") {
      const auto filters = static_cast<size_t>(shape[0]);
      shape[1] = 9;
      wide.assign(filters * 9 * 9, 0);
      for (size_t o = 0; o < filters; o++) {
        const float* from = &values[o * 4 * 9];
        std::copy(from, from + 4 * 9, &wide[o * 9 * 9]);
        wide[(o * 9 + 4) * 9 + 4] = 0.5f;
        std::copy(from, from + 4 * 9, &wide[(o * 9 + 5) * 9]);
      }
    }
    if (tensor == "conv_in.bias")
      for (float& v : wide) v -= 0.5f;
    tensors.push_back({tensor, FileDType::f32, shape, [wide](std::span<std::byte> to) {
                         std::memcpy(to.data(), wide.data(), to.size());
                       }});
  }
  write_safetensors(model / "unet" / name, std::move(tensors), {}, Overwrite::yes);
  set_channels(model, 9);
}

}  // namespace

TEST_CASE("a UNet of nine channels is told to paint a whole grey picture" * needs_device()) {
  const lacuna::tests::TemporaryFolder folder;
  const fs::path copy = folder / "nine";
  fs::copy(pico, copy, fs::copy_options::recursive);
  widen(copy);
  StableDiffusion four(device(), pico, Precision::f32), nine(device(), copy, Precision::f32);
  const LatentSize size = four.latent_size(64, 48);

  const std::span<const float> given = nine.blank_canvas(size);
  const auto plane = static_cast<size_t>(size.height * size.width);
  REQUIRE(given.size() == 5 * plane);
  CHECK(std::ranges::all_of(given.first(plane), [](float v) { return v == 1; }));
  // 128 of 255 is as near to a picture of zeros as eight bits come.
  const std::vector<float> grey = four.encode(blank_image(64, 48, 128));
  for (size_t i = 0; i < grey.size(); i++)
    REQUIRE(given[plane + i] == doctest::Approx(grey[i]).epsilon(0.02));

  std::vector<float> z(4 * plane), sum(4 * plane);
  Rng rng(RngKind::torch, 3);
  rng.randn(std::span<float>(z));
  for (size_t i = 0; i < z.size(); i++) sum[i] = z[i] + given[plane + i];
  const Conditioning text = four.text_predictor()(four.tokenizer().encode("a red circle"));
  const DenoiserInput alone[] = {{sum, 300, text}}, beside[] = {{z, 300, text, given}};
  const std::vector<float> expected = four.predictor()(alone, size)[0];
  const std::vector<float> result = nine.predictor()(beside, size)[0];
  CHECK_THROWS_WITH_AS(nine.predictor()(alone, size), doctest::Contains("needs a mask"),
                       InputError);
  CHECK(four.blank_canvas(size).empty());
  REQUIRE(result.size() == expected.size());
  for (size_t i = 0; i < result.size(); i++)
    CHECK(result[i] == doctest::Approx(expected[i]).epsilon(2e-4));
}

TEST_CASE("a UNet whose channels are neither is refused" * needs_device()) {
  const lacuna::tests::TemporaryFolder folder;
  const fs::path copy = folder / "five";
  fs::copy(pico, copy, fs::copy_options::recursive);
  set_channels(copy, 5);
  CHECK_THROWS_WITH_AS(StableDiffusion(device(), copy, Precision::f32),
                       doctest::Contains("has as many or, for inpainting, 9"), InputError);
}
