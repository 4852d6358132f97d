// Configurations from strangers: whatever stands in a key, a model part loads or refuses with an
// InputError, quickly and without taking memory.
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/tensors/safetensors.h"
#include "models/files/model_files.h"
#include "models/stable_diffusion.h"
#include "tests/device.h"
#include "tests/models/golden.h"
#include "tests/temporary.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;
using nlohmann::json;

namespace {

const fs::path pico = fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico";

json read_config(const fs::path& path) {
  std::ifstream in(path);
  return json::parse(in);
}

void write_config(const fs::path& path, const json& config) {
  std::ofstream(path, std::ios::binary) << config.dump(1);
}

// Every place in the document: "/block_out_channels", "/block_out_channels/0", ...
void list_places(const json& value, const json::json_pointer& at,
                 std::vector<json::json_pointer>& places) {
  places.push_back(at);
  if (value.is_object())
    for (const auto& [key, child] : value.items()) list_places(child, at / key, places);
  if (value.is_array())
    for (size_t i = 0; i < value.size(); i++) list_places(value[i], at / i, places);
}

const json replacements[] = {
    nullptr,          -1,         0,      1,    int64_t{1} << 24, int64_t{1} << 40,
    int64_t{1} << 62, UINT64_MAX, "x",    true, json::array(),    json::array({1, 2}),
    json::object(),   1e300,      -1e300, 0.5};

// Calls load(file) with each value of the document replaced by each of `replacements`.
void try_everything(const fs::path& config, const std::function<void(const fs::path&)>& load) {
  const lacuna::tests::TemporaryFolder folder;
  const fs::path file = folder / "config.json";
  const json original = read_config(config);
  std::vector<json::json_pointer> places;
  list_places(original, json::json_pointer(), places);
  REQUIRE(places.size() > 10);
  int loaded = 0, refused = 0;
  for (const json::json_pointer& place : places) {
    for (const json& replacement : replacements) {
      json changed = original;
      changed[place] = replacement;
      write_config(file, changed);
      CAPTURE(place.to_string());
      CAPTURE(replacement.dump());
      const auto start = std::chrono::steady_clock::now();
      try {
        load(file);
        loaded++;
      } catch (const InputError& error) {
        refused++;
        const std::string sentence = error.what();
        const bool names_a_file = sentence.find(".json") != sentence.npos ||
                                  sentence.find(".safetensors") != sentence.npos;
        CHECK_MESSAGE(names_a_file, sentence);
        CHECK_MESSAGE(sentence.size() < 600, sentence);
      }
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
    }
  }
  MESSAGE(config.parent_path().filename().string(), ": ", loaded, " loaded, ", refused, " refused");
  CHECK(loaded > 0);
  CHECK(refused > 100);
}

// A copy of pico to damage. Parts may be replaced by fixtures, which fit no other part.
class Folder {
 public:
  Folder() { fs::copy(pico, path(), fs::copy_options::recursive); }
  fs::path path() const { return folder_ / "model"; }
  void replace(const std::string& part, const fs::path& by) const {
    fs::remove_all(path() / part);
    fs::copy(by, path() / part, fs::copy_options::recursive);
  }
  void change(const char* file, const json& values) const {
    json config = read_config(path() / file);
    config.update(values);
    write_config(path() / file, config);
  }
  void refuses(const std::string& words) const {
    CHECK_THROWS_WITH_AS(StableDiffusion(device(), path(), Precision::f32),
                         doctest::Contains(words.c_str()), InputError);
  }

 private:
  lacuna::tests::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("hostile: the text encoder's config.json" * needs_device()) {
  WeightStore store(device(), open_weights(pico, ModelPart::text), DType::f32);
  for (const char* part : {"text_encoder", "clip"})
    try_everything(pico / part / "config.json",
                   [&](const fs::path& file) { ClipText(store, ClipTextConfig::from_file(file)); });
}

TEST_CASE("hostile: the UNet's config.json" * needs_device()) {
  WeightStore store(device(),
                    TensorFile::open(pico / "unet" / "diffusion_pytorch_model.safetensors"),
                    DType::f32);
  try_everything(pico / "unet" / "config.json", [&](const fs::path& file) {
    const UNetConfig config = UNetConfig::from_file(file);
    UNet(store, config);
    config.time_features(999);
  });
}

TEST_CASE("hostile: the VAE's config.json" * needs_device()) {
  WeightStore store(
      device(), TensorFile::open(pico / "vae" / "diffusion_pytorch_model.safetensors"), DType::f32);
  try_everything(pico / "vae" / "config.json", [&](const fs::path& file) {
    const VaeConfig config = VaeConfig::from_file(file);
    VaeDecoder(store, config);
    VaeEncoder(store, config);
  });
}

TEST_CASE("hostile: scheduler_config.json") {
  try_everything(pico / "scheduler" / "scheduler_config.json",
                 [](const fs::path& file) { NoiseSchedule::load(file); });
}

TEST_CASE("hostile: a million layers are missed at the first that is not there" * needs_device()) {
  const Folder folder;
  folder.change("unet/config.json", {{"layers_per_block", 1 << 24}});
  folder.refuses("down_blocks.0.resnets.1.");
  folder.change("unet/config.json",
                {{"layers_per_block", 1}, {"transformer_layers_per_block", 1 << 24}});
  folder.refuses("transformer_blocks.1.");
  folder.change("unet/config.json", {{"transformer_layers_per_block", 1}});
  folder.change("text_encoder/config.json", {{"num_hidden_layers", 1 << 24}});
  folder.refuses("encoder.layers.4.");
}

TEST_CASE("hostile: the parts of a model must belong together" * needs_device()) {
  {
    const Folder folder;
    folder.change("tokenizer/vocab.json", {{"zzzz", 645}});
    folder.refuses("the tokenizer has 646 tokens and the text encoder 645");
  }
  {
    const Folder folder;
    folder.replace("unet", fixture("unet/sd1"));
    folder.refuses("the UNet reads text embeddings of width 24 and the text encoder gives 128");
  }
  {
    const Folder folder;  // pico's VAE with latents of 5 channels
    const fs::path file = folder.path() / "vae" / "diffusion_pytorch_model.safetensors";
    std::vector<TensorToWrite> tensors;
    const TensorFile original =
        TensorFile::open(pico / "vae" / "diffusion_pytorch_model.safetensors");
    for (const auto& [name, entry] : original.entries()) {
      std::vector<int64_t> shape = entry.shape;
      if (name.starts_with("post_quant_conv"))
        for (size_t axis = 0; axis < std::min<size_t>(2, shape.size()); axis++) shape[axis] = 5;
      if (name == "decoder.conv_in.weight") shape[1] = 5;
      tensors.push_back({name, FileDType::f32, shape, [](std::span<std::byte>) {}});
    }
    write_safetensors(file, std::move(tensors), {}, Overwrite::yes);
    folder.change("vae/config.json", {{"latent_channels", 5}});
    folder.refuses("the UNet gives 4 channels and the VAE takes 5");
  }
}

TEST_CASE("hostile: sizes beyond reason are refused before anything is added to them" *
          needs_device()) {
  const StableDiffusion model(device(), pico, Precision::f32);
  CHECK_THROWS_WITH_AS(model.latent_size(INT64_MAX, 64),
                       doctest::Contains("the nearest is 8192x64"), InputError);
  CHECK_THROWS_WITH_AS(model.latent_size(INT64_MIN, 65), doctest::Contains("the nearest is 4x64"),
                       InputError);
  CHECK(model.latent_size(8192, 4) == LatentSize{1, 2048});
}

TEST_CASE("hostile: weights beyond half precision are refused by tensor" * needs_device()) {
  const lacuna::tests::TemporaryFolder folder;
  const float values[] = {1, 70000};
  write_safetensors(
      folder / "w.safetensors",
      {{"big",
        FileDType::f32,
        {2},
        [&](std::span<std::byte> to) { std::memcpy(to.data(), values, sizeof values); }}},
      {}, Overwrite::no);
  if (!device().traits().storage16) return;
  WeightStore half(device(), TensorFile::open(folder / "w.safetensors"), DType::f16);
  CHECK_THROWS_WITH_AS(Weights(half).vector("big", 2), doctest::Contains("'big' contains 70000"),
                       InputError);
  WeightStore whole(device(), TensorFile::open(folder / "w.safetensors"), DType::f32);
  CHECK(Weights(whole).vector("big", 2));
}
