// lacuna sample with edits.
#include "tests/cli/edits.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/tensors/safetensors.h"
#include "pictures/image.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;

namespace lacuna::test {

fs::path scaling_edit(const std::string& name, const std::string& tensor, float factor,
                      const TensorFile::Metadata& metadata) {
  const TensorFile base = TensorFile::open(fs::path(LACUNA_SOURCE_DIR) /
                                           "assets/pico/unet/diffusion_pytorch_model.safetensors");
  const TensorFile::Entry& entry = base.at(tensor);
  std::vector<float> values(entry.count());
  base.to_float(entry, values);
  for (float& v : values) v *= factor;
  const fs::path file = scratch() / (name + ".safetensors");
  write_safetensors(
      file,
      {{tensor, FileDType::f32, entry.shape,
        [&](std::span<std::byte> bytes) { bytes_from_floats(values, FileDType::f32, bytes); }}},
      metadata, Overwrite::no);
  return file;
}

namespace {

const std::string draw = "sample \"a red circle\" --steps 2 --seed 5 --out ";

std::string parameters(const fs::path& file) {
  const MappedFile bytes = MappedFile::open(file);
  for (const auto& [key, value] : png_texts(bytes.bytes(), file.string()))
    if (key == "parameters") return value;
  return "";
}

}  // namespace

TEST_CASE("--compare draws originals and edited pictures with the same seeds into one grid" *
          needs_device()) {
  const fs::path edit = scaling_edit("weaker", "conv_out.weight", 0.5f,
                                     {{edit_key::method, "esd"}, {"options.concept", "red, blue"}});
  const fs::path out = scratch(), plain = scratch() / "plain.png", none = scratch() / "none.png";
  const Outcome o =
      lacuna(draw + quoted(out) + " --compare --count 2 --json --edit " + quoted(edit));
  INFO(o.err);
  REQUIRE(o.status == 0);
  REQUIRE(lacuna(draw + quoted(plain)).status == 0);
  REQUIRE(
      lacuna(draw + quoted(none) + " --edit " + quoted(fs::path(edit.string() + ":0"))).status ==
      0);
  CHECK(load_image(out / "00000-5.png") == load_image(plain));
  CHECK(load_image(out / "00002-5.png") != load_image(plain));
  CHECK(load_image(none) == load_image(plain));
  CHECK(load_image(out / "grid-00000.png").width >= 4 * 160);
  CHECK(parameters(out / "00001-6.png").find("Edits") == std::string::npos);
  CHECK(parameters(out / "00003-6.png").find("Edits: \"weaker.safetensors (esd red, blue)\"") !=
        std::string::npos);
  std::istringstream lines(o.out);
  int images = 0, edited = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event.at("event") != "image") continue;
    images++;
    edited += event.contains("edits");
  }
  CHECK(images == 4);
  CHECK(edited == 2);
}

TEST_CASE("several edits add up" * needs_device()) {
  // Half of one and a quarter of the other scale by 0.5 * -1 + 0.25 * -2 = -1: nothing is left.
  const fs::path a = scaling_edit("a", "conv_out.weight", 0),
                 b = scaling_edit("b", "conv_out.weight", -1);
  const fs::path both = scratch() / "both.png", once = scratch() / "once.png";
  REQUIRE(lacuna(draw + quoted(both) + " --edit " + quoted(fs::path(a.string() + ":0.5")) +
                 " --edit " + quoted(fs::path(b.string() + ":0.25")))
              .status == 0);
  REQUIRE(lacuna(draw + quoted(once) + " --edit " + quoted(a)).status == 0);
  CHECK(load_image(both) == load_image(once));
  CHECK(parameters(both).find(
            "Edits: \"a.safetensors at strength 0.5, b.safetensors at strength 0.25\"") !=
        std::string::npos);
}

TEST_CASE("edits of other models and comparisons without edits are refused" * needs_device()) {
  const fs::path foreign =
      scaling_edit("foreign", "conv_out.weight", 0.5f, {{edit_key::base_hash, "0123456789"}});
  const fs::path out = scratch() / "picture.png";
  const std::string run = draw + quoted(out) + " --edit " + quoted(foreign);
  const Outcome o = lacuna(run);
  CHECK(o.status == 2);
  CHECK(o.err.find("was trained on another model") != std::string::npos);
  CHECK_FALSE(fs::exists(out));
  CHECK(lacuna(run + " --force").status == 0);
  CHECK(fs::exists(out));
  const Outcome alone = lacuna("sample \"a cat\" --compare --out " + quoted(scratch()));
  CHECK(alone.status == 2);
  CHECK(alone.err.find("--compare shows what an edit changes") != std::string::npos);
  const Outcome missing =
      lacuna("sample \"a cat\" --edit nowhere.safetensors --out " + quoted(scratch()));
  CHECK(missing.status == 2);
  CHECK(missing.err.find("nowhere.safetensors") != std::string::npos);
}

}  // namespace lacuna::test
