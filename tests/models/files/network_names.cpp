// The names that a network asks for, against the lists of SD 1.5's tensors and pico's own files.
#include "models/files/network_names.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/error.h"
#include "models/files/model_files.h"
#include "models/files/weight_names.h"

using namespace lacuna;

namespace {

namespace fs = std::filesystem;
const fs::path source = LACUNA_SOURCE_DIR;

std::set<std::string> asked(const fs::path& model, ModelPart part) {
  const std::vector<std::string> names = network_names(model, part);
  std::set<std::string> all(names.begin(), names.end());
  CHECK(all.size() == names.size());  // each tensor once
  return all;
}

}  // namespace

TEST_CASE("a model that only counts asks for every tensor of SD 1.5") {
  const fs::path sd1 = source / "assets" / "stable-diffusion-1";
  std::set<std::string> unet, vae;
  std::ifstream lines(source / "tests/fixtures/sd15_ldm_names.txt");
  for (std::string part, name, ldm, shape; lines >> part >> name >> ldm >> shape;)
    (part == "unet" ? unet : vae).insert(name);
  REQUIRE(unet.size() == 686);
  CHECK(asked(sd1, ModelPart::unet) == unet);
  CHECK(asked(sd1, ModelPart::vae) == vae);
  CHECK(asked(sd1, ModelPart::text).size() == 196);
}

TEST_CASE("pico's files hold what pico asks for") {
  const fs::path pico = source / "assets" / "pico";
  for (const PartRow& row : part_rows) {
    CAPTURE(row.name);
    std::set<std::string> names;
    const TensorFile file = open_weights(pico, row);
    for (const auto& [name, entry] : file.entries()) names.insert(name);
    CHECK(asked(pico, row) == names);
  }
}

TEST_CASE("a configuration of more tensors than any network has is refused") {
  WeightNames names("unet/config.json");
  const int64_t shape[] = {1};
  for (int i = 0; i < 65536; i++) names.load(std::to_string(i), shape, Layout::plain);
  CHECK_THROWS_WITH_AS(names.load("one more", shape, Layout::plain),
                       doctest::Contains("unet/config.json describes a network of more than"),
                       InputError);
}
