// Edits written by hand: whole tensors and LoRA factors, strengths, sums, and every way in which a
// file may not fit; then the same edits on a device against a checkpoint that has them baked in.
#include "erase/edits/edit.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/edited_weights.h"
#include "erase/edits/fingerprint.h"
#include "models/stable_diffusion.h"
#include "tests/device.h"
#include "tests/temporary.h"

using namespace lacuna;
using namespace lacuna::test;
using lacuna::tests::TemporaryFolder;

namespace {

namespace fs = std::filesystem;
using Values = std::vector<float>;

TensorToWrite tensor(const std::string& name, std::vector<int64_t> shape, Values values,
                     FileDType dtype = FileDType::f32) {
  return {name, dtype, std::move(shape), [values = std::move(values), dtype](auto bytes) {
            bytes_from_floats(values, dtype, bytes);
          }};
}

// A model's file and edits of it, in a folder of its own.
struct Files {
  TemporaryFolder folder;
  int written = 0;

  fs::path write(std::vector<TensorToWrite> tensors, const TensorFile::Metadata& metadata = {}) {
    const fs::path path = folder / fmt::format("{}.safetensors", written++);
    write_safetensors(path, std::move(tensors), metadata, Overwrite::no);
    return path;
  }
  TensorFile base() {
    return TensorFile::open(write({tensor("mid.to_k.weight", {2, 3}, {1, 2, 3, 4, 5, 6}),
                                   tensor("mid.to_k.bias", {2}, {1, 1}),
                                   tensor("proj_in.weight", {2, 1, 1, 1}, {10, 20}),
                                   tensor("conv.weight", {1, 2, 1, 2}, {1, 2, 3, 4})}));
  }
};

Values edited(const TensorFile& base, std::span<const Edit> edits, const std::string& name,
              bool force = false) {
  Values values;
  for_each_change(ModelPart::unet, base, edits, force, [&](const Change& c) {
    if (c.name != name) return;
    values = c.original;
    for (size_t i = 0; i < values.size(); i++) values[i] += c.change[i];
  });
  return values;
}

// The names of the two factors and alpha, as kohya's trainer writes them.
std::vector<TensorToWrite> lora(const std::string& module, std::vector<int64_t> down_shape,
                                Values down, std::vector<int64_t> up_shape, Values up,
                                std::optional<float> alpha = {}) {
  std::vector<TensorToWrite> tensors = {
      tensor("lora_unet_" + module + ".lora_down.weight", std::move(down_shape), std::move(down)),
      tensor("lora_unet_" + module + ".lora_up.weight", std::move(up_shape), std::move(up))};
  if (alpha) tensors.push_back(tensor("lora_unet_" + module + ".alpha", {}, {*alpha}));
  return tensors;
}

fs::path pico() { return fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico"; }

}  // namespace

TEST_CASE("whole tensors at strengths, and several edits add up") {
  Files files;
  const TensorFile base = files.base();
  const fs::path a = files.write({tensor("mid.to_k.weight", {2, 3}, {3, 2, 3, 4, 5, 10})});
  const fs::path b = files.write({tensor("mid.to_k.weight", {2, 3}, {1, 4, 3, 4, 5, 8})});
  const auto weight = [&](std::vector<std::pair<fs::path, float>> list) {
    std::vector<Edit> edits;
    for (const auto& [path, strength] : list) edits.push_back(Edit::open(path, strength));
    return edited(base, edits, "mid.to_k.weight");
  };
  CHECK(weight({{a, 0.0f}}) == Values{1, 2, 3, 4, 5, 6});
  CHECK(weight({{a, 0.5f}}) == Values{2, 2, 3, 4, 5, 8});
  CHECK(weight({{a, 1.0f}}) == Values{3, 2, 3, 4, 5, 10});
  CHECK(weight({{a, -1.0f}}) == Values{-1, 2, 3, 4, 5, 2});
  CHECK(weight({{a, 1.0f}, {b, 0.5f}}) == Values{3, 3, 3, 4, 5, 11});
  CHECK(weight({{b, 0.5f}, {a, 1.0f}}) == weight({{a, 1.0f}, {b, 0.5f}}));
}

TEST_CASE("LoRA factors of matrices and convolutions, with and without alpha") {
  Files files;
  const TensorFile base = files.base();
  const auto values = [&](std::vector<TensorToWrite> tensors, const std::string& name,
                          float strength = 1) {
    const Edit edit = Edit::open(files.write(std::move(tensors)), strength);
    return edited(base, {&edit, 1}, name);
  };
  // up (2x1) times down (1x3)
  CHECK(values(lora("mid_to_k", {1, 3}, {1, 0, 2}, {2, 1}, {10, 100}), "mid.to_k.weight") ==
        Values{11, 2, 23, 104, 5, 206});
  // alpha / rank scales; here 1 / 2
  CHECK(values(lora("mid_to_k", {2, 3}, {1, 0, 2, 0, 1, 0}, {2, 2}, {10, 20, 0, 2}, 1.0f),
               "mid.to_k.weight") == Values{6, 12, 13, 4, 6, 6});
  CHECK(values(lora("mid_to_k", {1, 3}, {1, 0, 2}, {2, 1}, {10, 100}), "mid.to_k.weight", 0.5f) ==
        Values{6, 2, 13, 54, 5, 106});
  // A 1x1 convolution's factors may be matrices; a convolution's `up` is 1x1.
  CHECK(values(lora("proj_in", {1, 1}, {2}, {2, 1}, {1, 3}), "proj_in.weight") == Values{12, 26});
  CHECK(values(lora("conv", {1, 2, 1, 2}, {1, 2, 3, 4}, {1, 1, 1, 1}, {2}), "conv.weight") ==
        Values{3, 6, 9, 12});
}

TEST_CASE("a whole tensor and a LoRA add up") {
  Files files;
  const TensorFile base = files.base();
  std::vector<Edit> edits;
  edits.push_back(Edit::open(files.write({tensor("proj_in.weight", {2, 1}, {11, 20})})));
  edits.push_back(Edit::open(files.write(lora("proj_in", {1, 1}, {2}, {2, 1}, {1, 3})), 0.5f));
  CHECK(edited(base, edits, "proj_in.weight") == Values{12, 23});
}

TEST_CASE("bf16 without metadata, as the published ESD code writes, is read") {
  Files files;
  const TensorFile base = files.base();
  const Edit edit = Edit::open(
      files.write({tensor("mid.to_k.weight", {2, 3}, {1.5f, 2, 3, 4, 5, 6}, FileDType::bf16),
                   tensor("mid.to_k.bias", {2}, {0, -1}, FileDType::bf16)}));
  CHECK_FALSE(edit.names_base(ModelPart::unet));
  CHECK(edited(base, {&edit, 1}, "mid.to_k.weight") == Values{1.5f, 2, 3, 4, 5, 6});
  CHECK(edited(base, {&edit, 1}, "mid.to_k.bias") == Values{0, -1});
}

TEST_CASE("what does not fit is refused by name") {
  Files files;
  const TensorFile base = files.base();
  const auto refuses = [&](std::vector<TensorToWrite> tensors, const char* words) {
    const fs::path path = files.write(std::move(tensors));
    const auto use = [&] {
      const Edit edit = Edit::open(path);
      edited(base, {&edit, 1}, "");
    };
    CHECK_THROWS_WITH_AS(use(), doctest::Contains(words), InputError);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  refuses({}, "holds no tensors");
  refuses({tensor("lora_te2_text_projection.alpha", {1}, {1})},
          "changes 'lora_te2_text_projection.alpha', which is in no part of a model");
  refuses({tensor("up.to_k.weight", {2, 3}, Values(6))},
          "changes 'up.to_k.weight', which the model's UNet does not have");
  refuses({tensor("mid.to_k.weight", {3, 2}, Values(6))},
          "'mid.to_k.weight' is 3x2 and the model's is 2x3");
  refuses({tensor("mid.to_k.bias", {2}, {1, nan})}, "not finite");
  refuses(lora("up_to_k", {1, 3}, {1, 2, 3}, {2, 1}, {1, 2}), "changes 'lora_unet_up_to_k'");
  refuses(lora("mid_to_k", {1, 2}, {1, 2}, {2, 1}, {1, 2}), "do not fit");
  refuses(lora("mid_to_k", {2, 3}, Values(6), {2, 1}, {1, 2}), "do not fit");
  refuses(lora("mid_to_k", {0, 3}, {}, {2, 0}, {}), "do not fit");
  refuses(lora("mid_to_k", {1, 3}, {1, 2, nan}, {2, 1}, {1, 2}), "not finite");
  refuses(lora("mid_to_k_bias", {1, 1}, {1}, {2, 1}, {1, 2}), "lora_unet_mid_to_k");
  std::vector<TensorToWrite> half = lora("mid_to_k", {1, 3}, {1, 2, 3}, {2, 1}, {1, 2});
  half.pop_back();
  refuses(half, "do not fit");
  std::vector<TensorToWrite> mixed = lora("mid_to_k", {1, 3}, {1, 2, 3}, {2, 1}, {1, 2});
  mixed.push_back(tensor("mid.to_k.bias", {2}, {1, 2}));
  refuses(mixed, "'mid.to_k.bias' is not part of a LoRA");
}

TEST_CASE("an edit of another model is refused, and with force let through where it fits") {
  Files files;
  const TensorFile base = files.base();
  const auto with_hash = [&](const std::string& hash) {
    return Edit::open(files.write({tensor("mid.to_k.bias", {2}, {5, 6})},
                                  {{edit_key::base_hash, hash}, {edit_key::base_name, "other"}}));
  };
  const Edit own = with_hash(fingerprint(base)), foreign = with_hash("0123456789abcdef");
  CHECK(edited(base, {&own, 1}, "mid.to_k.bias") == Values{5, 6});
  CHECK_THROWS_WITH_AS(edited(base, {&foreign, 1}, ""),
                       doctest::Contains("was trained on another model (other, 01234567...)"),
                       InputError);
  CHECK(edited(base, {&foreign, 1}, "mid.to_k.bias", true) == Values{5, 6});
}

TEST_CASE("strengths on the command line") {
  Files files;
  const std::string path =
      files
          .write({tensor("mid.to_k.bias", {2}, {5, 6})},
                 {{edit_key::method, "esd"}, {std::string(edit_key::options) + "concept", "red"}})
          .string();
  CHECK(Edit::parse(path).strength() == 1);
  CHECK(Edit::parse(path + ":0.25").strength() == 0.25f);
  CHECK(Edit::parse(path + ":-1").strength() == -1);
  CHECK(Edit::parse(path + ":0.25").describe() == "0.safetensors (esd red) at strength 0.25");
  CHECK_THROWS_AS(Edit::parse(path + ":nan"), InputError);
  CHECK_THROWS_AS(Edit::parse(path + ":101"), InputError);
  CHECK_THROWS_AS(Edit::parse(path + ":strong"), InputError);
  CHECK_THROWS_AS(Edit::parse(path + ":"), InputError);
}

TEST_CASE("the edited UNet equals one with the edits baked into its file, bit for bit" *
          needs_device()) {
  Files files;
  StableDiffusion model(device(), pico(), Precision::f32);
  const TensorFile& base = model.unet_weights().file();
  const auto moved = [&](const std::string& name, float by) {
    Values values(base.at(name).count());
    base.to_float(base.at(name), values);
    for (size_t i = 0; i < values.size(); i++) values[i] += by * std::sin(static_cast<float>(i));
    return tensor(name, base.at(name).shape, values);
  };
  const auto waves = [](size_t count, float size) {
    Values values(count);
    for (size_t i = 0; i < count; i++) values[i] = size * std::cos(static_cast<float>(i));
    return values;
  };
  const std::string attention = "mid_block.attentions.0.transformer_blocks.0.attn2.";
  const std::string convolution = "down_blocks.0.resnets.0.conv1.weight";
  REQUIRE(base.at(convolution).shape == std::vector<int64_t>{64, 64, 3, 3});
  std::vector<Edit> edits;
  edits.push_back(Edit::open(
      files.write({moved(attention + "to_k.weight", 0.1f), moved(attention + "to_out.0.bias", 0.1f),
                   moved("conv_out.weight", 0.01f)}),
      0.5f));
  edits.push_back(Edit::open(
      files.write(lora("down_blocks_0_resnets_0_conv1", {2, 64, 3, 3}, waves(2 * 64 * 9, 0.1f),
                       {64, 2, 1, 1}, waves(64 * 2, 0.1f), 1.0f))));

  const fs::path baked = files.folder / "pico";
  fs::copy(pico(), baked, fs::copy_options::recursive);
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : base.entries()) {
    Values values = edited(base, edits, name);
    if (values.empty()) {
      values.resize(entry.count());
      base.to_float(entry, values);
    }
    tensors.push_back(tensor(name, entry.shape, values));
  }
  const fs::path file = baked / "unet" / "diffusion_pytorch_model.safetensors";
  fs::remove(file);
  write_safetensors(file, std::move(tensors), {}, Overwrite::no);
  StableDiffusion reference(device(), baked, Precision::f32);

  const LatentSize size = {16, 16};
  const Values latents = waves(4 * 16 * 16, 1);
  const auto predict = [&](StableDiffusion& m, const Overlay& overlay = {}) {
    const DenoiserInput input{latents, 500,
                              m.text_predictor()(m.tokenizer().encode("a red circle"))};
    Predictor predictor(device(), m.unet(), m.dtype(), m.tokenizer().context(), overlay);
    return predictor({&input, 1}, size)[0];
  };
  const Values original = predict(model);
  {
    const EditedWeights weights(ModelPart::unet, model.unet_weights(), edits, false);
    CHECK(weights.tensors() == 4);
    const Values result = predict(model, [&](Graph& graph) { weights.replace(graph); });
    CHECK(result == predict(reference));
    CHECK(result != original);
  }
  CHECK(predict(model) == original);
  const std::vector<Edit> none = [&] {
    std::vector<Edit> list;
    for (const Edit& e : edits) list.push_back(Edit::open(e.path(), 0));
    return list;
  }();
  const EditedWeights weights(ModelPart::unet, model.unet_weights(), none, false);
  CHECK(predict(model, [&](Graph& graph) { weights.replace(graph); }) == original);
}
