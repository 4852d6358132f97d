// lacuna erase inpaint, and edits that act in a region.
#include <cstdlib>

#include "base/file.h"
#include "pictures/image.h"
#include "tests/cli/edits.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;

namespace lacuna::test {
namespace {

const std::string draw = "sample \"a red circle left of a blue square\" --steps 3 --seed 5 --out ";

// The largest difference of a channel over the columns from `first` on.
int difference(const Image& a, const Image& b, int first) {
  int largest = 0;
  for (int y = 0; y < a.height; y++)
    for (int x = first; x < a.width; x++)
      for (int c = 0; c < 3; c++) {
        const auto at = static_cast<size_t>((y * a.width + x) * 3 + c);
        largest = std::max(largest, std::abs(a.rgb[at] - b.rgb[at]));
      }
  return largest;
}

Image drawn(const std::string& arguments) {
  const fs::path out = scratch() / "picture.png";
  const Outcome o = lacuna(draw + quoted(out) + " " + arguments);
  INFO("lacuna ", draw, arguments);
  INFO(o.err);
  REQUIRE(o.status == 0);
  return load_image(out);
}

}  // namespace

TEST_CASE("an edit in a region leaves the rest to the original model" * needs_device()) {
  const fs::path edit = scaling_edit("weaker", "conv_out.weight", 0.5f);
  const Image original = drawn(""), edited = drawn("--edit " + quoted(edit));
  const std::string with = "--edit " + quoted(edit) + " --region ";
  for (const char* mode : {"prediction", "latents"}) {
    CAPTURE(mode);
    const std::string in_mode = std::string(" --region-mode ") + mode;
    const Image left = drawn(with + "left" + in_mode);
    CHECK(left != original);
    CHECK(left != edited);
    CHECK(drawn(with + "left" + in_mode) == left);
    CHECK(drawn(with + "rect:0,0,1,1" + in_mode) == edited);
    const std::string nothing = "--edit " + quoted(fs::path(edit.string() + ":0"));
    CHECK(drawn(nothing + " --region left" + in_mode) == original);
    // pico's latents have 4 pixels.
    if (mode == std::string("latents")) {
      CHECK(difference(left, original, 32 + 4) == 0);
      CHECK(difference(left, original, 0) > 20);
    }
  }
}

TEST_CASE("regions without sense are refused in one sentence") {
  const fs::path edit = scaling_edit("any", "conv_out.weight", 0.5f), out = scratch() / "x.png";
  const auto refused = [&](const std::string& arguments, const char* why) {
    const Outcome o = lacuna(draw + quoted(out) + " " + arguments);
    CHECK(o.status != 0);
    CHECK_MESSAGE(o.err.find(why) != std::string::npos, o.err);
    CHECK(!fs::exists(out));
  };
  refused("--region left", "--region says where an edit acts; name one with --edit FILE");
  refused("--edit " + quoted(edit) + " --region middle", "choose left, right");
  refused("--edit " + quoted(edit) + " --region left --region-mode pixels",
          "choose latents or prediction");
}

TEST_CASE("erase inpaint: the same seed gives the same file, every loss trains" * needs_device()) {
  const fs::path folder = scratch();
  const auto erase = [&](const std::string& name, const std::string& arguments) {
    const fs::path out = folder / (name + ".safetensors");
    const Outcome o = lacuna(
        "erase inpaint --concept red --params \"mid_block.*.attn2.to_k.weight\" --iterations 2 "
        "--auto none --lr 1e-3 --steps 2 --trajectories 1 --seed 3 --out " +
        quoted(out) + " " + arguments);
    INFO("erase inpaint ", arguments);
    INFO(o.err);
    REQUIRE(o.status == 0);
    return content(out);
  };
  const std::string first = erase("a", "--mask left --mask cell:2,2");
  // Only the run's own folder is named in the log, never in the edit.
  CHECK(erase("b", "--mask left --mask cell:2,2") == first);
  CHECK(erase("c", "--mask right") != first);
  CHECK(erase("d", "--mask left --mask cell:2,2 --mask-loss inside-only") != first);
  CHECK(erase("e", "--compat grid") != first);
  const Outcome o = lacuna("erase inpaint --concept red --mask-loss outside --out " +
                           quoted(folder / "f.safetensors"));
  CHECK(o.status != 0);
  CHECK(o.err.find("choose both or inside-only") != std::string::npos);
  CHECK(!fs::exists(folder / "f.safetensors"));
}

}  // namespace lacuna::test
