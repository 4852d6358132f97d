#include "pictures/region.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "pictures/image.h"
#include "tests/temporary.h"

using namespace lacuna;

namespace {

float at(const Region& r, int x, int y) { return r.inside[static_cast<size_t>(y * r.width + x)]; }

double area(const Region& r) {
  return std::accumulate(r.inside.begin(), r.inside.end(), 0.0) / (r.width * r.height);
}

}  // namespace

TEST_CASE("the nine cells of a grid cover every pixel once, whatever the size") {
  for (const auto& [width, height] : {std::pair{512, 512}, {64, 64}, {100, 40}, {8, 16}}) {
    const std::vector<Region> all = grid_regions(width, height);
    REQUIRE(all.size() == 10);
    std::vector<float> covered(static_cast<size_t>(width * height));
    for (size_t i = 0; i < 9; i++)
      for (size_t k = 0; k < covered.size(); k++) covered[k] += all[i].inside[k];
    CHECK(std::ranges::all_of(covered, [](float v) { return v == 1; }));
    CHECK(area(all[9]) > 0);
  }
}

TEST_CASE("regions are where their words say") {
  const auto region = [](const char* text) { return parse_region(text, 64, 32); };
  CHECK(area(region("left")) == doctest::Approx(0.5));
  CHECK(at(region("left"), 31, 0) == 1);
  CHECK(at(region("left"), 32, 0) == 0);
  CHECK(at(region("right"), 32, 31) == 1);
  CHECK(at(region("top"), 0, 15) == 1);
  CHECK(at(region("bottom"), 0, 15) == 0);
  CHECK(area(region("center")) == doctest::Approx(8.0 * 8 / (64 * 32)));
  CHECK(at(region("cell:1,3"), 63, 0) == 1);
  CHECK(at(region("cell:1,3"), 63, 31) == 0);
  CHECK(area(region("rect:0.25,0,0.5,1")) == doctest::Approx(0.5));
  CHECK(at(region("circle:0.5,0.5,0.25"), 32, 16) == 1);
  CHECK(area(region("circle:0.5,0.5,0.25")) == doctest::Approx(3.14 * 64 / 2048).epsilon(0.05));
}

TEST_CASE("latents get the share of their pixels that is inside") {
  const std::vector<float> m = area_average(parse_region("rect:0,0,0.25,1", 16, 16), 2, 2);
  CHECK(m == std::vector<float>{0.5f, 0, 0.5f, 0});
}

TEST_CASE("a picture is a region, resized where it has another size, and never empty") {
  Image mask = blank_image(32, 32, 0);
  const tests::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "mask.png";
  write_file(file, encode_png(mask), Overwrite::yes);
  CHECK_THROWS_WITH_AS(parse_region(file.string(), 32, 32),
                       doctest::Contains("has nothing inside; paint white"), InputError);
  for (int y = 0; y < 32; y++)
    for (int x = 0; x < 16; x++)
      for (int c = 0; c < 3; c++) mask.rgb[static_cast<size_t>((y * 32 + x) * 3 + c)] = 255;
  write_file(file, encode_png(mask), Overwrite::yes);
  const Region same = parse_region(file.string(), 32, 32);
  CHECK(same.note.empty());
  CHECK(same.inside == parse_region("left", 32, 32).inside);
  const Region larger = parse_region(file.string(), 64, 64);
  CHECK(larger.note.find("32x32 pixels and is resized to 64x64") != std::string::npos);
  CHECK(area(larger) == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("other words are refused with what is possible") {
  const auto refused = [](const char* text, const char* why) {
    CHECK_THROWS_WITH_AS(parse_region(text, 64, 64), doctest::Contains(why), InputError);
  };
  refused("middle", "choose left, right");
  refused("", "choose left, right");
  refused("cell:0,1", "rows and columns go from 1 to 3");
  refused("cell:1.5,1", "rows and columns go from 1 to 3");
  refused("rect:0,0,1", "write 4 numbers");
  refused("rect:0,0,1,x", "write 4 numbers");
  refused("rect:0,0,1,nan", "write 4 numbers");
  refused("circle:0,0,1e999", "write 3 numbers");
  refused("rect:2,2,1,1", "has nothing inside");
  refused("no-such.png", "no-such.png");
}
