// lacuna export reads and writes files and needs no device.
#include <nlohmann/json.hpp>

#include "base/tensors/safetensors.h"
#include "erase/edits/edit.h"
#include "models/files/model_files.h"
#include "tests/cli/edits.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

const fs::path pico_folder = fs::path(LACUNA_SOURCE_DIR) / "assets/pico";
const std::string convolution = "down_blocks.0.resnets.0.conv1.weight";
const std::string matrix = "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight";

std::vector<float> values(const TensorFile& file, const std::string& name) {
  std::vector<float> all(file.at(name).count());
  file.to_float(file.at(name), all);
  return all;
}

TensorFile unet_of(const fs::path& folder) { return open_weights(folder, ModelPart::unet); }

// What edits make of a tensor, as f32.
std::vector<float> under(std::span<const Edit> edits, const std::string& name) {
  const TensorFile base = unet_of(pico_folder);
  const EditSum sum(ModelPart::unet, base, edits, false);
  if (!sum.changes(name)) return values(base, name);
  Change c = sum.change(name);
  for (size_t i = 0; i < c.change.size(); i++) c.change[i] += c.original[i];
  return c.change;
}

std::vector<float> under(const fs::path& edit, const std::string& name) {
  const Edit opened = Edit::open(edit);
  return under({&opened, 1}, name);
}

double distance(std::span<const float> a, std::span<const float> b) {
  double squares = 0;
  for (size_t i = 0; i < a.size(); i++) squares += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
  return std::sqrt(squares);
}

Outcome exported(const std::string& arguments) {
  const Outcome o = lacuna::test::lacuna("export " + arguments);
  INFO("lacuna export ", arguments);
  INFO(o.err);
  CHECK(o.status == 0);
  return o;
}

}  // namespace

TEST_CASE("a delta of several edits is their sum, and goes round") {
  const fs::path a = scaling_edit("a", matrix, 1.5f, {{edit_key::method, "esd"}});
  const fs::path b = scaling_edit("b", "conv_out.bias", 3), out = scratch() / "delta.safetensors";
  exported("--edit " + quoted(a) + " --edit " + quoted(fs::path(b.string() + ":0.5")) +
           " --save-type f32 --delta " + quoted(out));
  const TensorFile file = TensorFile::open(out);
  CHECK(file.entries().size() == 2);
  CHECK(file.metadata().at("method") == "esd");
  CHECK(file.metadata().at("options.edits") == "a.safetensors:1 | b.safetensors:0.5");
  CHECK(file.metadata().at("base_model_hash").size() == 32);
  std::vector<Edit> both;
  both.push_back(Edit::open(a));
  both.push_back(Edit::open(b, 0.5f));
  for (const std::string& name : {matrix, std::string("conv_out.bias")}) {
    CHECK(under(out, name) == under(both, name));
    CHECK(under(out, name) != values(unet_of(pico_folder), name));
  }
  const fs::path again = scratch() / "again.safetensors";
  exported("--edit " + quoted(out) + " --save-type f32 --delta " + quoted(again));
  CHECK(under(again, matrix) == under(out, matrix));
}

TEST_CASE("a LoRA of full rank is the edit, of a smaller one its best part") {
  for (const std::string& name : {matrix, convolution}) {
    INFO(name);
    const fs::path edit = scaling_edit("e", name, 1.25f), folder = scratch();
    const std::vector<float> original = values(unet_of(pico_folder), name),
                             whole = under(edit, name);
    const double change = distance(whole, original);
    const auto lora = [&](int rank) {
      const fs::path file = folder / (std::to_string(rank) + ".safetensors");
      const Outcome o = exported("--json --edit " + quoted(edit) + " --lora " + quoted(file) +
                                 " --rank " + std::to_string(rank));
      double kept = 0;
      std::istringstream lines(o.out);
      for (std::string line; std::getline(lines, line);)
        if (const auto event = nlohmann::json::parse(line); event["event"] == "lora")
          kept = event["kept"];
      // The kept energy is that of what the factors leave out.
      const double lost = distance(under(file, name), whole) / change;
      CHECK(lost * lost == doctest::Approx(1 - kept).epsilon(1e-2).scale(1));
      return lost;
    };
    CHECK(lora(1000) < 1e-3);  // f16 factors
    const double four = lora(4), sixteen = lora(16);
    CHECK(four < 1);
    CHECK(sixteen < four);
    CHECK(sixteen > 0.01);
    CHECK(lacuna::test::lacuna("diff " + quoted(folder / "4.safetensors") + " --out " +
                               quoted(folder / "diff.png"))
              .status == 0);
  }
}

TEST_CASE("a folder and a single file hold the model under the edit") {
  const fs::path edit = scaling_edit("e", matrix, 1.5f), folder = scratch() / "edited";
  const fs::path single = scratch() / "model.safetensors";
  exported("--edit " + quoted(edit) + " --folder " + quoted(folder) + " --checkpoint " +
           quoted(single) + " --save-type f32");
  const TensorFile base = unet_of(pico_folder), unet = unet_of(folder);
  const TensorFile file = TensorFile::open(single);
  CHECK(unet.entries().size() == base.entries().size());
  for (const auto& [name, entry] : base.entries()) {
    INFO(name);
    CHECK(unet.at(name).shape == entry.shape);
    CHECK(values(unet, name) == under(edit, name));
  }
  const std::string prefix = "model.diffusion_model.";
  CHECK(values(file, prefix + "middle_block.1.transformer_blocks.0.attn2.to_v.weight") ==
        under(edit, matrix));
  CHECK(values(file, prefix + "output_blocks.1.1.conv.weight") ==
        values(base, "up_blocks.0.upsamplers.0.conv.weight"));
  size_t count = base.entries().size();
  for (const char* part : {"vae/diffusion_pytorch_model", "text_encoder/model"})
    count += TensorFile::open(pico_folder / (std::string(part) + ".safetensors")).entries().size();
  CHECK(file.entries().size() == count);
  CHECK(file.metadata().at("format") == "pt");
  for (const char* other : {"model_index.json", "vae/config.json", "tokenizer/vocab.json"})
    CHECK(content(folder / other) == content(pico_folder / other));
  // The folder is a model like any other: nothing is left to change.
  const Outcome same = lacuna::test::lacuna("diff " + quoted(folder) + " " + quoted(edit) +
                                            " --json --out " + quoted(scratch() / "d.png"));
  REQUIRE(same.status == 0);
  CHECK(nlohmann::json::parse(same.out).at("total").at("norm") == 0);
}

TEST_CASE("an edit of the text encoder leaves in every form") {
  // The edit leaves out the first word, as transformers 5 does; what leaves has it.
  const std::string short_name = "encoder.layers.3.mlp.fc1.weight",
                    name = "text_model." + short_name;
  const TensorFile base = open_weights(pico_folder, ModelPart::text);
  const std::vector<float> original = values(base, name);
  std::vector<float> changed = original;
  for (float& v : changed) v *= 1.25f;
  const fs::path edit = scratch() / "text.safetensors", out = scratch();
  write_safetensors(
      edit,
      {{"text_encoder." + short_name, FileDType::f32, base.at(name).shape,
        [&](std::span<std::byte> bytes) { bytes_from_floats(changed, FileDType::f32, bytes); }}},
      {}, Overwrite::no);
  const fs::path folder = out / "edited", single = out / "model.safetensors",
                 delta = out / "delta.safetensors", lora = out / "lora.safetensors";
  exported("--edit " + quoted(edit) + " --folder " + quoted(folder) + " --checkpoint " +
           quoted(single) + " --delta " + quoted(delta) + " --save-type f32");
  exported("--edit " + quoted(edit) + " --lora " + quoted(lora) + " --rank 1000 --save-type f32");

  const TensorFile encoder = TensorFile::open(folder / "text_encoder" / "model.safetensors");
  CHECK(encoder.entries().size() == base.entries().size());
  for (const auto& [tensor, entry] : base.entries())
    CHECK(values(encoder, tensor) == (tensor == name ? changed : values(base, tensor)));
  CHECK(content(folder / "unet" / "config.json") == content(pico_folder / "unet" / "config.json"));
  CHECK(values(TensorFile::open(single), "cond_stage_model.transformer." + name) == changed);

  const TensorFile factors = TensorFile::open(lora);
  const std::string module = "lora_te_text_model_encoder_layers_3_mlp_fc1";
  CHECK(factors.entries().size() == 3);
  CHECK(factors.find(module + ".lora_down.weight"));
  CHECK(factors.find(module + ".lora_up.weight"));
  for (const fs::path& file : {delta, lora}) {
    INFO(file);
    const Edit opened = Edit::open(file);
    const EditSum sum(ModelPart::text, base, {&opened, 1}, false);
    REQUIRE(sum.changes(name));
    Change c = sum.change(name);
    for (size_t i = 0; i < c.change.size(); i++) c.change[i] += c.original[i];
    CHECK(distance(c.change, changed) < 1e-5 * distance(original, changed));
  }
}

TEST_CASE("what cannot be exported is refused, and nothing is written") {
  const fs::path edit = scaling_edit("e", "conv_out.bias", 2), out = scratch();
  const auto refuses = [&](const std::string& arguments, const char* words) {
    const Outcome o = lacuna::test::lacuna("export " + arguments);
    INFO(arguments, o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find(words) != std::string::npos);
    CHECK(fs::is_empty(out));
  };
  const std::string with = "--edit " + quoted(edit) + " ", file = quoted(out / "e.safetensors");
  refuses("--delta " + file, "--edit FILE");
  refuses(with, "say what to make");
  refuses(with + "--lora " + file, "--rank of 1 or more");
  refuses(with + "--lora " + file + " --rank 0", "0 is none");
  refuses(with + "--lora " + file + " --rank 4", "change no matrix");
  refuses(with + "--delta " + file + " --rank 4", "--rank belongs to --lora");
  refuses(with + "--delta " + quoted(out / "e.ckpt"), ".safetensors");
  refuses(with + "--delta " + file + " --save-type f8", "f16 or f32");
  refuses(with + "--folder " + quoted(pico_folder), "exists already");
  refuses(
      "--edit " + quoted(fs::path(scaling_edit("h", "conv_out.weight", 1e9f))) + " --delta " + file,
      "too large");
  refuses("--edit " + quoted(scaling_edit("f", "conv_out.bias", 2, {{edit_key::base_hash, "01"}})) +
              " --delta " + file,
          "another model");
  const fs::path copy = damaged_pico([](const fs::path&) {});
  refuses("--model " + quoted(copy) + " " + with + "--folder " + quoted(copy / "edited"),
          "lie in each other");
}
