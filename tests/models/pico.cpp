// Pictures of pico against diffusers' own, for every sampler: same prompt, same seed, same picture.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/generate.h"
#include "tests/device.h"
#include "tests/models/golden.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

std::filesystem::path pico() {
  return std::filesystem::path(LACUNA_SOURCE_DIR) / "assets" / "pico";
}

// tools/golden/pico.py names them as diffusers' users do.
std::string our_name(const std::string& sampler) {
  return sampler == "dpm++2m" ? "dpmpp_2m" : sampler;
}

std::vector<uint8_t> read_bytes(const TensorFile& file, const std::string& name) {
  const auto bytes = file.at(name).bytes;
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  return {begin, begin + bytes.size()};
}

// Fixtures hold the negative prompt's rows first, then the prompt's.
template <typename T>
std::vector<T> second_half(const std::vector<T>& both) {
  return {both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2), both.end()};
}

int largest_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  REQUIRE(a.size() == b.size());
  int worst = 0;
  for (size_t i = 0; i < a.size(); i++) worst = std::max(worst, std::abs(int(a[i]) - int(b[i])));
  return worst;
}

}  // namespace

TEST_CASE("pico's pictures equal diffusers' within 2/255" * needs_device()) {
  std::ifstream in(fixture("pico/manifest.json"));
  const nlohmann::json manifest = nlohmann::json::parse(in);
  const TensorFile golden = TensorFile::open(fixture("pico/golden.safetensors"));
  StableDiffusion model(device(), pico(), Precision::f32);
  TextCache text(model.text_predictor());
  for (const nlohmann::json& c : manifest.at("cases")) {
    const std::string name = c.at("name");
    INFO(name);
    GenerateOptions options{our_name(c.at("sampler")),
                            c.at("steps"),
                            c.at("guidance"),
                            0,
                            c.at("width"),
                            c.at("height"),
                            RngKind::torch};
    const ImageRequest request{c.at("prompt"), c.value("negative", ""), c.at("seed")};
    const auto ids = read_ids(golden, name + ".input_ids");
    const auto prompt_ids = model.tokenizer().encode(request.prompt).ids;
    CHECK(prompt_ids == (ids.size() == prompt_ids.size() ? ids : second_half(ids)));
    const Generated result = std::move(generate(model, text, {&request, 1}, options).at(0));
    const double latents = relative_error(result.latents, read(golden, name + ".latents").values);
    const int pixels = largest_difference(result.image.rgb, read_bytes(golden, name + ".picture"));
    MESSAGE(name, ": latents ", latents, ", largest pixel difference ", pixels);
    CHECK(latents <= 1e-3);
    CHECK(pixels <= 2);
  }
}

TEST_CASE("pico's text embeddings equal transformers'" * needs_device()) {
  const TensorFile golden = TensorFile::open(fixture("pico/golden.safetensors"));
  StableDiffusion model(device(), pico(), Precision::f32);
  const Conditioning c = model.text_predictor()(model.tokenizer().encode("a red circle"));
  CHECK(relative_error(*c.sequence, second_half(read(golden, "ddim.context").values)) <= 1e-5);
}

TEST_CASE("a text cache that forgets still gives the same embeddings" * needs_device()) {
  StableDiffusion model(device(), pico(), Precision::f32);
  TextCache text(model.text_predictor());
  const Embeddings first = text.conditioning("a red circle").sequence;
  CHECK(text.conditioning("a red circle").sequence == first);
  for (int i = 0; i < 300; i++) text.conditioning(std::to_string(i));
  const Embeddings again = text.conditioning("a red circle").sequence;
  CHECK(again != first);
  CHECK(*again == *first);
}

TEST_CASE("a decoded picture that stays on the device is the one on the host" * needs_device()) {
  StableDiffusion model(device(), pico(), Precision::f32);
  const LatentSize size{4, 3};
  std::vector<float> latents(static_cast<size_t>(4 * size.height * size.width));
  for (size_t i = 0; i < latents.size(); i++) latents[i] = 2 * std::sin(static_cast<float>(i * i));
  model.decode(latents, size);
  CHECK(model.decoded() == nullptr);
  model.keep_decoded();
  const Image image = model.decode(latents, size);
  const std::shared_ptr<const Buffer> first = model.decoded();
  for (float& v : latents) v = -v;
  const Image other = model.decode(latents, size);
  CHECK(image != other);
  const auto check = [](const Buffer& buffer, const Image& expected) {
    std::vector<uint8_t> rgba(expected.rgb.size() / 3 * 4);
    device().download(buffer, 0, std::as_writable_bytes(std::span(rgba)));
    for (size_t i = 0; i < rgba.size(); i++)
      if (rgba[i] != (i % 4 == 3 ? 255 : expected.rgb[i / 4 * 3 + i % 4])) FAIL("byte ", i);
  };
  REQUIRE(first);
  check(*first, image);
  check(*model.decoded(), other);
}
