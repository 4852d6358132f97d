// Models in a single file: what the program makes of them, and what it refuses.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/fingerprint.h"
#include "models/files/model_files.h"
#include "pictures/image.h"
#include "tests/cli/edits.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

const fs::path pico = fs::path(LACUNA_SOURCE_DIR) / "assets/pico";

// pico as one file, with what such a file lacks in a folder beside it.
fs::path single_pico(const std::string& numbers = "f32") {
  const fs::path folder = scratch(), file = folder / "small.safetensors";
  const fs::path edit = scaling_edit("e", "conv_out.bias", 2);
  const Outcome o =
      lacuna::test::lacuna("export --edit " + quoted(fs::path(edit.string() + ":0")) +
                           " --save-type " + numbers + " --checkpoint " + quoted(file));
  INFO(o.err);
  REQUIRE(o.status == 0);
  fs::create_directories(folder / "small");
  for (const auto& entry : fs::recursive_directory_iterator(pico)) {
    const fs::path to = folder / "small" / entry.path().lexically_relative(pico);
    if (entry.is_directory())
      fs::create_directories(to);
    else if (entry.path().extension() != ".safetensors")
      fs::copy_file(entry.path(), to);
  }
  return file;
}

void write_zeros(const fs::path& file,
                 const std::vector<std::pair<std::string, std::vector<int64_t>>>& tensors) {
  std::vector<TensorToWrite> all;
  for (const auto& [name, shape] : tensors)
    all.push_back({name, FileDType::f32, shape, [](std::span<std::byte> bytes) {
                     std::fill(bytes.begin(), bytes.end(), std::byte{0});
                   }});
  write_safetensors(file, std::move(all), {}, Overwrite::yes);
}

}  // namespace

TEST_CASE("a single file is the folder it was made of") {
  const fs::path file = single_pico();
  for (const ModelPart p : {ModelPart::unet, ModelPart::vae, ModelPart::text}) {
    const TensorFile whole = open_weights(pico, p), part = open_weights(file, p);
    REQUIRE(part.entries().size() == whole.entries().size());
    for (const auto& [name, entry] : whole.entries()) {
      INFO(name);
      CHECK(part.at(name).shape == entry.shape);
      std::vector<float> a(entry.count()), b(entry.count());
      whole.to_float(entry, a);
      part.to_float(part.at(name), b);
      CHECK(a == b);
    }
  }

  const Outcome layers = lacuna::test::lacuna("layers --json --model " + quoted(file));
  CHECK(layers.status == 0);
  const Outcome of_folder = lacuna::test::lacuna("layers --json --model " + quoted(pico));
  for (const char* key : {"tensors", "sets", "total"})
    CHECK(nlohmann::json::parse(layers.out).at(key) ==
          nlohmann::json::parse(of_folder.out).at(key));

  const fs::path scaled = scaling_edit("s", "conv_out.bias", 2);
  const auto difference = [&](const fs::path& model) {
    return lacuna::test::lacuna("diff " + quoted(model) + " " + quoted(scaled) +
                                " --json --force --out " + quoted(scratch() / "d.png"));
  };
  const Outcome of_file = difference(file);
  INFO(of_file.err);
  REQUIRE(of_file.status == 0);
  CHECK(nlohmann::json::parse(of_file.out).at("total") ==
        nlohmann::json::parse(difference(pico).out).at("total"));

  // And back: a folder with everything that a folder has.
  const fs::path edit = scaling_edit("e", "conv_out.bias", 2), folder = scratch() / "folder";
  const Outcome o =
      lacuna::test::lacuna("export --model " + quoted(file) + " --edit " + quoted(edit) +
                           " --save-type f32 --folder " + quoted(folder));
  INFO(o.err);
  REQUIRE(o.status == 0);
  for (const ModelPart p : {ModelPart::unet, ModelPart::vae, ModelPart::text})
    CHECK(open_weights(folder, p).entries().size() == open_weights(pico, p).entries().size());
  for (const char* name : {"model_index.json", "tokenizer/vocab.json", "vae/config.json"})
    CHECK(content(folder / name) == content(pico / name));
  CHECK(configuration(folder, ModelPart::unet).value() ==
        configuration(pico, ModelPart::unet).value());
  CHECK(lacuna::test::lacuna("export --model " + quoted(file) + " --edit " + quoted(edit) +
                             " --folder " + quoted(file.parent_path() / "small"))
            .err.find("exists already") != std::string::npos);
}

// pico's folder has transformers 5's names of the text encoder, the file those of all others.
TEST_CASE("an edit that was trained on the folder belongs to the file, too") {
  const fs::path file = single_pico("f16");
  for (const ModelPart p : edited_parts())
    CHECK(fingerprint(open_weights(file, p)) == fingerprint(open_weights(pico, p)));
}

TEST_CASE("a single file draws the same picture" * needs_device()) {
  const fs::path file = single_pico(), out = scratch();
  for (const auto& [model, name] : {std::pair{file, "file"}, {pico, "folder"}}) {
    const Outcome o = lacuna::test::lacuna("sample \"a red circle\" --steps 1 --seed 1 --model " +
                                           quoted(model) + " --out " + quoted(out / name));
    INFO(o.err);
    REQUIRE(o.status == 0);
  }
  const auto picture = [&](const char* name) {
    fs::path file;
    for (const auto& entry : fs::directory_iterator(out / name))
      if (entry.path().extension() == ".png") file = entry.path();
    return load_image(file).rgb;
  };
  CHECK(picture("file") == picture("folder"));
}

TEST_CASE(
    "without a folder beside it a file is Stable Diffusion 1.x, of as many channels as it has") {
  const fs::path file = scratch() / "sd.safetensors";
  const std::string in = "model.diffusion_model.input_blocks.0.0.weight";
  for (const int64_t channels : {4, 9}) {
    write_zeros(file, {{in, {320, channels, 3, 3}}});
    CHECK(configuration(file, ModelPart::unet).get<int64_t>("in_channels") == channels);
  }
  CHECK(configuration(file, ModelPart::text).get<int64_t>("vocab_size") == 49408);
  CHECK(fs::exists(part(file, "tokenizer") / "merges.txt"));
  CHECK(fs::exists(part(file, "scheduler") / "scheduler_config.json"));
}

TEST_CASE("files that are no such checkpoint are refused by name") {
  const fs::path folder = scratch();
  const auto refuses = [&](const fs::path& file, const char* words) {
    const Outcome o = lacuna::test::lacuna("layers --part unet --model " + quoted(file));
    INFO(file, o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find(words) != std::string::npos);
  };
  const fs::path file = folder / "f.safetensors";
  const auto holding = [&](const char* name) {
    write_zeros(file, {{name, {1}}});
    return file;
  };
  refuses(holding("conditioner.embedders.0.x"), "Stable Diffusion XL");
  refuses(holding("cond_stage_model.model.ln_final.bias"), "Stable Diffusion 2.x");
  refuses(holding("lora_unet_mid_block.alpha"), "an edit belongs to --edit");
  refuses(holding("model.diffusion_model.nothing.weight"), "has no UNet");
  for (const char* name : {"f.ckpt", "f.pt", "f.txt"}) {
    std::filesystem::copy_file(file, folder / name);
    refuses(folder / name, name[2] == 't' ? "is no model" : "pickled");
  }
  refuses(folder / "missing.safetensors", "there is no folder or file");
  write_zeros(file, {{"model.diffusion_model.out.2.bias", {4}}});
  CHECK_THROWS_WITH_AS(open_weights(file, ModelPart::vae), doctest::Contains("has no VAE"),
                       InputError);
  // Two names for one tensor.
  write_zeros(file, {{"cond_stage_model.transformer.final_layer_norm.bias", {1}},
                     {"cond_stage_model.transformer.text_model.final_layer_norm.bias", {1}}});
  CHECK_THROWS_WITH_AS(open_weights(file, ModelPart::text), doctest::Contains("there already"),
                       InputError);
}
