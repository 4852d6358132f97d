// kohya's names of every module of SD 1.5, and back, through a file on disk.
#include "erase/edits/lora.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include "base/tensors/safetensors.h"
#include "erase/edits/kohya.h"
#include "models/files/name_table.h"
#include "tests/temporary.h"

using namespace lacuna;

namespace {

std::vector<std::string> names_in(const char* fixture) {
  std::ifstream lines(std::string(LACUNA_SOURCE_DIR "/tests/fixtures/") + fixture);
  std::vector<std::string> names;
  for (std::string name, shape; lines >> name >> shape;) names.push_back(name);
  return names;
}

TensorToWrite zeros(const std::string& name, std::vector<int64_t> shape) {
  return {name, FileDType::f32, std::move(shape), [](std::span<std::byte>) {}};
}

TensorFile written(const std::filesystem::path& path, std::vector<TensorToWrite> tensors) {
  write_safetensors(path, std::move(tensors), {}, Overwrite::no);
  return TensorFile::open(path);
}

}  // namespace

TEST_CASE("every name of SD 1.5's UNet goes to kohya's and back") {
  const std::vector<std::string> names = names_in("sd15_unet_tensors.txt");
  REQUIRE(names.size() == 686);
  const NameTable back(names,
                       [](const std::string& name) { return kohya_name(ModelPart::unet, name); });
  for (const std::string& name : names) {
    const std::string* ours = back.find(kohya_name(ModelPart::unet, name));
    REQUIRE(ours);
    CHECK(*ours == name);
  }
  CHECK(*back.find("lora_unet_down_blocks_0_attentions_0_proj_in") ==
        "down_blocks.0.attentions.0.proj_in.weight");
  CHECK_FALSE(back.find("lora_te_down_blocks_0_attentions_0_proj_in"));
}

TEST_CASE("a reader gives target, factors and scale of each module") {
  const tests::TemporaryFolder folder;
  const TensorFile base =
      written(folder / "base", {zeros("mid.to_k.weight", {4, 3}), zeros("mid.to_k.bias", {4}),
                                zeros("conv.weight", {4, 3, 3, 3})});
  const TensorFile lora =
      written(folder / "lora", {zeros("lora_unet_mid_to_k.lora_down.weight", {2, 3}),
                                zeros("lora_unet_mid_to_k.lora_up.weight", {4, 2}),
                                zeros("lora_unet_mid_to_k.alpha", {}),
                                zeros("lora_unet_conv.lora_down.weight", {1, 3, 3, 3}),
                                zeros("lora_unet_conv.lora_up.weight", {4, 1, 1, 1})});
  CHECK(is_lora(lora));
  CHECK_FALSE(is_lora(base));
  const std::vector<LoraFactors> all = read_lora(lora, ModelPart::unet, base);
  REQUIRE(all.size() == 2);
  CHECK(all[0].target == "conv.weight");
  CHECK(all[0].alpha == nullptr);
  CHECK(all[1].target == "mid.to_k.weight");
  CHECK(all[1].up->shape == std::vector<int64_t>{4, 2});
  CHECK(all[1].down->shape == std::vector<int64_t>{2, 3});
  CHECK(all[1].alpha == &lora.at("lora_unet_mid_to_k.alpha"));
  CHECK(read_lora(lora, ModelPart::text, base).empty());
}
