// lacuna layers on pico: what it lists, what it refuses, and that it needs no device.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run.h"

namespace fs = std::filesystem;
using namespace lacuna::test;
using nlohmann::json;

namespace {

// Without any Vulkan driver: this verb reads a header and nothing more.
Outcome layers(const std::string& arguments) {
  return lacuna::test::lacuna("layers " + arguments,
                              "VK_ICD_FILENAMES=/no/driver.json VK_DRIVER_FILES=/no/driver.json");
}

int64_t lines_with(const std::string& text, const std::string& words) {
  std::istringstream lines(text);
  int64_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find(words) != std::string::npos;
  return count;
}

void refuses(const std::string& arguments, const std::string& words) {
  const Outcome o = layers(arguments);
  INFO(arguments, "\n", o.out, o.err);
  CHECK(o.status == 2);
  CHECK(o.out.empty());
  CHECK(o.err.find(words) != std::string::npos);
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("layers: every tensor of pico's UNet, the sets, and a sum") {
  const Outcome o = layers("");
  INFO(o.err);
  REQUIRE(o.status == 0);
  CHECK(lines_with(o.out, " full") == 324);
  CHECK(lines_with(o.out, "conv_in.weight ") == 1);
  CHECK(lines_with(o.out, "64x4x3x3") == 1);
  CHECK(o.out.find("324 tensors, 5,925,124 scalars; training state: 90.4 MiB (16 B") !=
        std::string::npos);
  for (const char* set : {"\nx  ", "\nx-strict ", "\nu-old ", "\nselflayer ", "\nnorms "})
    CHECK(o.out.find(set) != std::string::npos);
}

TEST_CASE("layers: a set and patterns alone") {
  const Outcome set = layers("--params x-strict");
  CHECK(set.status == 0);
  CHECK(lines_with(set.out, ".attn2.to_") == 14);
  CHECK(set.out.find("14 tensors, 180,224 scalars") != std::string::npos);
  CHECK(set.out.find("\nnorms") == std::string::npos);  // no table
  CHECK(layers("--params \"*.attn2.to_[kv].*\"").out == set.out);
  CHECK(layers("--params conv_in.bias").out.find("1 tensor, 64 scalars") != std::string::npos);
}

TEST_CASE("layers: the other parts") {
  const Outcome text = layers("--part text");
  CHECK(text.status == 0);
  CHECK(text.out.find("\n68 tensors, ") != std::string::npos);
  CHECK(text.out.find("\nmlp-final-attn ") != std::string::npos);
  CHECK(text.out.find("\nxlayer ") == std::string::npos);
  CHECK(layers("--part text --params mlp").out.find("\n16 tensors, ") != std::string::npos);
  CHECK(layers("--part vae").out.find("\n152 tensors, ") != std::string::npos);
}

TEST_CASE("layers: JSON holds what the text does") {
  const Outcome o = layers("--json --params x");
  REQUIRE(o.status == 0);
  const json report = json::parse(o.out);
  CHECK(report["total"] ==
        json{{"tensors", 35}, {"scalars", 336576}, {"training_bytes", 336576 * 16}});
  CHECK(report["tensors"].size() == 35);
  for (const json& tensor : report["tensors"]) {
    int64_t scalars = 1;
    for (const int64_t n : tensor["shape"]) scalars *= n;
    CHECK(tensor["scalars"] == scalars);
    const json& sets = tensor["sets"];
    CHECK(std::find(sets.begin(), sets.end(), "x") != sets.end());
    CHECK(std::find(sets.begin(), sets.end(), "u") == sets.end());
  }
  CHECK(report["sets"].size() == 12);
  CHECK(report["sets"][0]["name"] == "x");
  CHECK(report["sets"][0]["scalars"] == 336576);
}

TEST_CASE("layers: bad input is one sentence") {
  refuses("--params xatn", "nearest sets are xattn");
  refuses("--params \"*.attn2.to_[kv\"", "'[' is not closed");
  refuses("--part unet2", "'unet2' is unknown; choose unet, text or vae");
  refuses("--params mlp", "lacuna layers --part text");
  refuses("--model /no/such/folder", "/no/such/folder");
  refuses("--model \"" + scratch().string() + "\"", "model_index.json");
  const fs::path pickled = damaged_pico([](const fs::path& model) {
    fs::rename(model / "unet/diffusion_pytorch_model.safetensors",
               model / "unet/diffusion_pytorch_model.bin");
  });
  refuses("--model \"" + pickled.string() + "\"", "pickled");
  const fs::path cut = damaged_pico([](const fs::path& model) {
    fs::resize_file(model / "unet/diffusion_pytorch_model.safetensors", 100);
  });
  refuses("--model \"" + cut.string() + "\"", "diffusion_pytorch_model.safetensors");
}

TEST_CASE("layers: the help fits 80 columns and shows every set") {
  const Outcome o = layers("--help");
  CHECK(o.status == 0);
  std::istringstream lines(o.out);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  for (const char* set : {"\n  x ", "\n  selflayer ", "\n  mlp-final-attn "})
    CHECK(o.out.find(set) != std::string::npos);
  std::istringstream listing(layers("").out.substr(layers("").out.find("\nset ")));
  for (std::string line; std::getline(listing, line);) CHECK(line.size() <= 80);
}
