// Bad input ends in one sentence that names the culprit, with exit status 2 (input) or 3 (device),
// and leaves no file behind.
#include <cstring>
#include <fstream>

#include "base/tensors/tensor_file.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

const std::string draw = "sample \"a red circle\" --steps 2 --seed 1 ";

// The program must refuse with `status`, say `words` in one line, and write nothing.
void refuses(const std::string& arguments, int status, const std::string& words,
             const std::string& environment = "") {
  const fs::path out = scratch();
  const Outcome o = lacuna::test::lacuna(arguments + " --out " + quoted(out), environment);
  INFO("lacuna ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == status);
  CHECK(o.err.find(words) != std::string::npos);
  CHECK(fs::is_empty(out));
}

void refuses_model(const std::function<void(const fs::path&)>& damage, const std::string& words) {
  const fs::path model = damaged_pico(damage);
  const fs::path out = scratch();
  const Outcome o =
      lacuna::test::lacuna(draw + "--model " + quoted(model) + " --out " + quoted(out));
  INFO(o.out, o.err);
  CHECK(o.status == 2);
  CHECK(o.err.find(words) != std::string::npos);
  CHECK(o.err.find(model.filename().string()) != std::string::npos);
  CHECK(fs::is_empty(out));
}

constexpr const char* unet_file = "unet/diffusion_pytorch_model.safetensors";

void overwrite(const fs::path& file, std::streamoff at, const std::string& bytes) {
  std::fstream f(file, std::ios::binary | std::ios::in | std::ios::out);
  f.seekp(at);
  f << bytes;
}

// Where a tensor's bytes begin in a file: the data section ends at the end of the file.
std::streamoff offset_of(const TensorFile& file, const TensorFile::Entry& entry) {
  const std::byte* end = entry.bytes.data();
  for (const auto& [name, e] : file.entries()) end = std::max(end, e.bytes.data() + e.bytes.size());
  return static_cast<std::streamoff>(fs::file_size(file.path())) - (end - entry.bytes.data());
}

}  // namespace

TEST_CASE("options out of range are refused" * needs_device()) {
  refuses("sample", 2, "give one prompt");
  refuses(draw + "--steps 0", 2, "steps");
  refuses(draw + "--sampler heun3", 2, "heun3");
  refuses(draw + "--guidance -1", 2, "guidance");
  refuses(draw + "--count 0", 2, "--count");
  refuses(draw + "--batch 100000", 2, "--batch");
  refuses(draw + "--size 65x64", 2, "multiples of 4");
  refuses(draw + "--size big", 2, "no size");
  refuses(draw + "--precision f64", 2, "f64");
  refuses(draw + "--rng dice", 2, "dice");
  refuses(draw + "--from-file nothing.txt", 2, "both");
  refuses("sample --from-file nothing.txt", 2, "nothing.txt");
  refuses(draw + "--no-such-option", 2, "--no-such-option");
}

TEST_CASE("numbers beyond reason are refused before any work" * needs_device()) {
  refuses(draw + "--size 99999999999999999999x64", 2, "no size");
  refuses(draw + "--size 64x64x64", 2, "no size");
  refuses(draw + "--size 64x", 2, "no size");
  refuses(draw + "--size x64", 2, "no size");
  refuses(draw + "--size 9223372036854775807x64", 2, "nearest is 8192x64");
  refuses(draw + "--size -9223372036854775808x64", 2, "nearest is 4x64");
  refuses("sample \"a cat\" --seed 18446744073709551615 --count 2", 2, "2^64");
  refuses("sample \"a cat\" --seed -1", 2, "--seed");
  refuses(draw + "--count 1000001", 2, "1 to 1000000");
  refuses(draw + "--count 99999999999999999999", 2, "--count");
  refuses(draw + "--count 100000 --grid", 2, "too many for one grid");
  refuses(draw + "--size 8192x8192 --count 256 --batch 256", 2, "use a smaller --batch or --size");
  refuses(draw + "--json --profile", 2, "--json");
  refuses(draw + "--model " + std::string(5000, 'm'), 2, "[file] cannot access mmm");
}

TEST_CASE("prompt files beyond reason" * needs_device()) {
  const fs::path folder = scratch();
  const auto file = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name, std::ios::binary) << text;
    return "sample --steps 2 --from-file " + quoted(folder / name);
  };
  std::string million;
  for (int i = 0; i < 1000000; i++) million += "a cat\n";
  refuses(file("million.txt", million) + " --size 65x64", 2,
          "multiples of 4");  // read, and then the size is wrong
  refuses(file("more.txt", million + "a cat\n"), 2, "more than 1000000 pictures");
  refuses(file("two.txt", "a cat\na cat\n") + " --count 1000000", 2, "more than 1000000 pictures");
  refuses(file("seed.csv", "prompt,seed\na cat,18446744073709551615\n") + " --count 2", 2, "2^64");
  refuses(file("quote.csv", "prompt\n\"a cat\na dog\n"), 2, "row 2 is not closed");
  refuses(file("utf16.txt", std::string("\xff\xfe"
                                        "a\0 \0c\0",
                                        8)),
          2, "UTF-8");
  refuses(file("empty.txt", "\n# nothing\n"), 2, "no prompt");
}

TEST_CASE("a missing or damaged model is refused by name" * needs_device()) {
  refuses(draw + "--model /no/such/folder", 2, "/no/such/folder");
  refuses_model([](const fs::path& p) { fs::remove(p / "model_index.json"); }, "model_index.json");
  refuses_model([](const fs::path& p) { fs::remove_all(p / "vae"); }, "vae");
  refuses_model([](const fs::path& p) { fs::remove(p / unet_file); }, "unet");
  refuses_model([](const fs::path& p) { fs::remove(p / "unet/config.json"); }, "config.json");
  refuses_model([](const fs::path& p) { fs::resize_file(p / unet_file, 100000); },
                "diffusion_pytorch_model");
  refuses_model([](const fs::path& p) { fs::resize_file(p / unet_file, 3); },
                "diffusion_pytorch_model");
  // A header that claims 2^60 bytes.
  refuses_model(
      [](const fs::path& p) { overwrite(p / unet_file, 0, std::string("\0\0\0\0\0\0\0\x10", 8)); },
      "diffusion_pytorch_model");
  refuses_model([](const fs::path& p) { overwrite(p / unet_file, 8, "}}}}"); },
                "diffusion_pytorch_model");
}

TEST_CASE("a config that does not fit is refused by key" * needs_device()) {
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "unet/config.json", "UNet2DConditionModel", "UNet3D");
      },
      "_class_name");
  refuses_model(
      [](const fs::path& p) { replace_in(p / "vae/config.json", "AutoencoderKL", "VQModel"); },
      "_class_name");
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "unet/config.json", "\"UpBlock2D\"", "\"AttnUpBlock2D\"");
      },
      "AttnUpBlock2D");
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "unet/config.json", "\"cross_attention_dim\": 128",
                   "\"cross_attention_dim\": 96");
      },
      "attn2.to_k.weight");
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "unet/config.json", "\"in_channels\": 4", "\"in_channels\": -4");
      },
      "in_channels");
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "unet/config.json", "\"in_channels\": 4", "\"in_channels\": \"4\"");
      },
      "in_channels");
  refuses_model([](const fs::path& p) { replace_in(p / "unet/config.json", "{", "[{"); },
                "config.json");
  refuses_model(
      [](const fs::path& p) { replace_in(p / "text_encoder/config.json", "quick_gelu", "swish"); },
      "swish");
  refuses_model(
      [](const fs::path& p) {
        replace_in(p / "text_encoder/config.json", "\"vocab_size\": 645", "\"vocab_size\": 999");
      },
      "token_embedding");
}

TEST_CASE("NaN in weights is refused by tensor" * needs_device()) {
  const TensorFile file =
      TensorFile::open(fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico" / unet_file);
  const TensorFile::Entry& entry = file.at("conv_in.weight");
  REQUIRE(entry.dtype == FileDType::f16);
  const std::streamoff at = offset_of(file, entry);
  refuses_model(
      [&](const fs::path& p) { overwrite(p / unet_file, at, std::string("\x00\x7e", 2)); },
      "conv_in.weight");
}

TEST_CASE("no device, an unknown device" * needs_device()) {
  refuses(draw, 3, "driver",
          "VK_ICD_FILENAMES=/no/such/icd.json VK_DRIVER_FILES=/no/such/icd.json");
  refuses(draw + "--device Voodoo2", 3, "Voodoo2");
  refuses(draw + "--device 99", 3, "99");
}

TEST_CASE("numbers that overflow are told, and --trace shows where" * needs_device()) {
  if (!device().traits().storage16) {
    MESSAGE("skipped: f16 storage, which this device does not have");
    return;
  }
  // The largest half in every weight of the first convolution: its sums do not fit into a half.
  const TensorFile file =
      TensorFile::open(fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico" / unet_file);
  const TensorFile::Entry& entry = file.at("conv_in.weight");
  const std::streamoff at = offset_of(file, entry);
  const fs::path model = damaged_pico([&](const fs::path& p) {
    std::string largest;
    for (size_t i = 0; i < entry.count(); i++) largest += "\xff\x7b";
    overwrite(p / unet_file, at, largest);
  });
  const fs::path out = scratch();
  const Outcome o = lacuna::test::lacuna(draw + "--precision f16 --trace --model " + quoted(model) +
                                         " --out " + quoted(out));
  INFO(o.err);
  CHECK(o.status == 3);
  CHECK(o.err.find("--precision f32") != std::string::npos);
  CHECK(o.out.find("conv2d") != std::string::npos);
  CHECK(o.out.find("VAE decoder: did not run") != std::string::npos);
  CHECK(fs::is_empty(out));
}

TEST_CASE("too little memory is told before the first step" * needs_device()) {
  if (!device().traits().cpu) {
    MESSAGE("skipped: a GPU may have the memory that software drivers refuse");
    return;
  }
  refuses(draw + "--size 2048x2048 --batch 3 --count 3", 3, "MiB");
}

TEST_CASE("nothing existing is overwritten without --force" * needs_device()) {
  const fs::path file = scratch() / "a.png";
  std::ofstream(file) << "mine";
  Outcome o = lacuna::test::lacuna(draw + "--out " + quoted(file));
  CHECK(o.status == 2);
  CHECK(o.err.find("--force") != std::string::npos);
  CHECK(fs::file_size(file) == 4);
  o = lacuna::test::lacuna(draw + "--force --out " + quoted(file));
  INFO(o.err);
  CHECK(o.status == 0);
  CHECK(fs::file_size(file) > 4);
}

TEST_CASE("an unwritable output is refused before any work" * needs_device()) {
  const fs::path file = scratch() / "file";
  std::ofstream(file) << "not a folder";
  const Outcome o = lacuna::test::lacuna(draw + "--out " + quoted(file / "sub"));
  INFO(o.err);
  CHECK(o.status == 2);
  CHECK(o.err.find("sub") != std::string::npos);
}

#ifdef __linux__
TEST_CASE("a folder in which no file can be created is refused before any work" * needs_device()) {
  for (const char* out : {"/proc", "/proc/a.png"}) {
    const Outcome o = lacuna::test::lacuna(draw + "--model /no/such/folder --out " + out);
    INFO(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find("cannot write /proc/") != std::string::npos);
  }
}
#endif
