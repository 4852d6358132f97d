// Training pictures: made ones, a user's folder, and resizing.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "erase/examples/made_images.h"
#include "erase/examples/training_images.h"
#include "judge/checker/look.h"
#include "pictures/resize.h"
#include "tests/temporary.h"

using namespace lacuna;
using lacuna::tests::TemporaryFolder;

TEST_CASE("made pictures: as many as asked for, all different, the same every time") {
  for (const char* what :
       {"flat:red", "flat:#12f0a0", "shape:circle", "shape:star:red", "texture:stripes",
        "texture:dots:blue", "texture:noise", "texture:checks:green"}) {
    CAPTURE(what);
    const std::vector<Image> images = made_images(what, 64, 48, 6, 3);
    REQUIRE(images.size() == 6);
    CHECK(images == made_images(what, 64, 48, 6, 3));
    std::set<std::string> different;
    for (const Image& i : images) {
      CHECK(i.width == 64);
      CHECK(i.height == 48);
      different.insert(std::string(i.rgb.begin(), i.rgb.end()));
    }
    CHECK(different.size() == 6);
  }
}

TEST_CASE("the checker sees in made pictures what was asked for") {
  using namespace checker;
  for (const Image& i : made_images("flat:red", 64, 64, 4, 1)) {
    const Verdict v = look(i);
    CHECK(v.kind == Kind::flat);
    CHECK(v.field == checker::Colour::red);
  }
  const std::pair<const char*, Thing> shapes[] = {
      {"circle", Thing::circle}, {"square", Thing::square}, {"triangle", Thing::triangle},
      {"star", Thing::star},     {"cross", Thing::cross},   {"heart", Thing::heart}};
  for (const auto& [name, thing] : shapes) {
    CAPTURE(name);
    int seen = 0;
    for (const Image& i : made_images(std::string("shape:") + name, 64, 64, 8, 1)) {
      const Verdict v = look(i);
      seen += !v.parts.empty() && v.parts[0].thing == thing;
    }
    CHECK(seen >= 6);
  }
}

TEST_CASE("what cannot be made is refused with what can") {
  const auto refuses = [](const char* what, const char* words) {
    CHECK_THROWS_WITH_AS(made_images(what, 8, 8, 1, 1), doctest::Contains(words), InputError);
  };
  refuses("red", "flat:COLOUR");
  refuses("flat:rde", "choose red, orange");
  refuses("flat:#12", "choose red");
  refuses("flat:#zzzzzz", "#rrggbb");
  refuses("flat:red:blue", "flat:red is usual");
  refuses("shape:blob", "circle, square");
  refuses("texture:wood", "stripes, dots");
  refuses("picture:cat", "texture:stripes");
}

TEST_CASE("a folder's pictures: broken ones are left out, and none is refused") {
  const TemporaryFolder folder;
  const auto save = [&](const char* name, const Image& image) {
    write_file(folder / name, encode_png(image), Overwrite::no);
  };
  CHECK_THROWS_WITH_AS(load_training_images(folder / "nowhere", 8, 8), doctest::Contains("nowhere"),
                       InputError);
  CHECK_THROWS_WITH_AS(load_training_images(folder / ".", 8, 8),
                       doctest::Contains("holds no PNG or JPEG"), InputError);
  std::ofstream(folder / "c.png") << "no picture";
  CHECK_THROWS_WITH_AS(load_training_images(folder / ".", 8, 8),
                       doctest::Contains("none of the 1 pictures"), InputError);
  save("b.PNG", blank_image(40, 20, 200));
  save("a.png", blank_image(8, 8, 100));
  std::ofstream(folder / "notes.txt") << "not meant";
  const TrainingImages found = load_training_images(folder / ".", 8, 8);
  REQUIRE(found.images.size() == 2);
  CHECK(found.images[0] == blank_image(8, 8, 100));
  CHECK(found.images[1] == blank_image(8, 8, 200));
  REQUIRE(found.skipped.size() == 1);
  CHECK(found.skipped[0].find("c.png") != std::string::npos);
}

TEST_CASE("resizing: flat stays flat, sides are cut evenly, an enlarged edge is smooth") {
  CHECK(resized(blank_image(7, 13, 90), 31, 5) == blank_image(31, 5, 90));
  Image wide = blank_image(6, 2, 0);  // black, white, black
  for (int y = 0; y < 2; y++)
    for (size_t i = 0; i < 6; i++) wide.rgb[(size_t(y) * 6 + 2) * 3 + i] = 255;
  CHECK(resized(wide, 2, 2) == blank_image(2, 2, 255));
  Image step = blank_image(2, 2, 0);
  step.rgb[3] = step.rgb[4] = step.rgb[5] = step.rgb[9] = step.rgb[10] = step.rgb[11] = 255;
  const Image large = resized(step, 8, 8);
  CHECK(large.rgb[0] == 0);
  CHECK(large.rgb[3 * 7] == 255);
  for (int x = 1; x < 8; x++) CHECK(large.rgb[size_t(x) * 3] >= large.rgb[size_t(x - 1) * 3]);
  CHECK(mirrored(mirrored(step)) == step);
  CHECK(mirrored(step).rgb[0] == 255);
}
