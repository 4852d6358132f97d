// PNG files: pixels, text chunks and damage. tests/fixtures/image was written by Pillow.
#include "pictures/image.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "base/error.h"
#include "pictures/grid.h"
#include "pictures/label.h"

using namespace lacuna;

namespace {

Image noise_image(int width, int height) {
  Image image = blank_image(width, height, 0);
  std::mt19937 engine(static_cast<uint32_t>(width * 1000 + height));
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(engine());
  return image;
}

std::vector<std::byte> bytes_of(const char* name) {
  std::ifstream file(std::string(LACUNA_SOURCE_DIR "/tests/fixtures/image/") + name,
                     std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

bool holds(const std::vector<std::byte>& file, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(file.data()), file.size()).find(text) !=
         std::string_view::npos;
}

}  // namespace

TEST_CASE("PNG keeps every pixel, all sizes") {
  for (auto [width, height] : {std::pair(1, 1), {1, 7}, {7, 1}, {3, 5}, {64, 64}, {129, 33}}) {
    const Image image = noise_image(width, height);
    CHECK(decode_image(encode_png(image), "test") == image);
    CHECK(png_texts(encode_png(image), "test").empty());
  }
}

TEST_CASE("text chunks come back, tEXt for Latin-1 and iTXt for the rest") {
  const TextChunks texts = {{"parameters", "a red circle\nSteps: 25, Seed: 1"},
                            {"Comment", "caf\u00e9"},
                            {"parameters", "ein Bild von \u6f22\u5b57 \U0001f600"},
                            {"empty", ""}};
  const std::vector<std::byte> png = encode_png(noise_image(5, 4), texts);
  CHECK(png_texts(png, "test") == texts);
  CHECK(holds(png, "tEXtparameters"));
  CHECK(holds(png, "tEXtComment" + std::string(1, '\0') + "caf\xe9"));
  CHECK(holds(png, "iTXtparameters"));
  CHECK(decode_image(png, "test") == noise_image(5, 4));
}

TEST_CASE("texts that no chunk can hold are made harmless") {
  const std::vector<std::byte> png =
      encode_png(noise_image(1, 1), {{"a", std::string("x\0y", 3)}, {"b", "\xff"}});
  CHECK(png_texts(png, "test") == TextChunks{{"a", "x\ufffdy"}, {"b", "\ufffd"}});
}

TEST_CASE("Pillow's files: pixels and all three kinds of text chunk") {
  const std::vector<std::byte> png = bytes_of("pillow.png");
  const TextChunks expected = {{"parameters", "latin \u00e9"},
                               {"unicode", "\u6f22\u5b57"},
                               {"compressed", std::string(300, 'z')},
                               {"both", std::string(100, 'q') + "\U0001f600"}};
  CHECK(png_texts(png, "pillow.png") == expected);
  const Image image = decode_image(png, "pillow.png");
  CHECK(image.width == 5);
  CHECK(image.height == 3);
  for (int i = 0; i < 15; ++i) {
    CHECK(image.rgb[i * 3] == i * 10);
    CHECK(image.rgb[i * 3 + 1] == 255 - i);
    CHECK(image.rgb[i * 3 + 2] == 7);
  }
}

TEST_CASE("damaged pictures are bad input") {
  const std::vector<std::byte> png = encode_png(noise_image(20, 20), {{"parameters", "text"}});
  CHECK_THROWS_AS(decode_image({}, "x"), InputError);
  CHECK_THROWS_AS(png_texts({}, "x"), InputError);
  CHECK_THROWS_WITH_AS(load_image("/no/such.png"), doctest::Contains("/no/such.png"), InputError);
  for (size_t length = 0; length < png.size(); length += 13) {
    const std::span<const std::byte> cut(png.data(), length);
    CHECK_THROWS_AS(png_texts(cut, "x"), InputError);
    try {
      decode_image(cut, "x");
    } catch (const InputError&) {}
  }
  std::mt19937 engine(1);
  for (int i = 0; i < 2000; ++i) {  // flipped bytes: any answer but a crash
    std::vector<std::byte> copy = png;
    for (int k = 0; k < 3; ++k) copy[engine() % copy.size()] = std::byte(engine());
    try {
      png_texts(copy, "x");
    } catch (const InputError&) {}
    try {
      decode_image(copy, "x");
    } catch (const InputError&) {}
  }
  std::vector<std::byte> huge = png;  // a header that promises 65535 x 65535 pixels
  for (size_t i : {16, 17, 20, 21}) huge[i] = std::byte(0);
  for (size_t i : {18, 19, 22, 23}) huge[i] = std::byte(0xff);
  CHECK_THROWS_AS(decode_image(huge, "x"), InputError);
}

TEST_CASE("floats and back") {
  const std::vector<float> floats = {-1, 1, 0, -5, 5, std::nanf(""), 0.00392f, -0.00392f, 0.5f};
  const Image image = image_from_floats(floats, 3, 1);
  CHECK(image.rgb == std::vector<uint8_t>{0, 255, 128, 0, 255, 0, 128, 127, 191});
  const Image noise = noise_image(9, 9);
  CHECK(image_from_floats(floats_from_image(noise), 9, 9) == noise);
}

TEST_CASE("upscale repeats pixels") {
  const Image image = noise_image(3, 2), large = upscale(image, 4);
  CHECK(large.width == 12);
  CHECK(large.height == 8);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 12; ++x) {
      CHECK(large.rgb[(y * 12 + x) * 3 + 1] == image.rgb[(y / 4 * 3 + x / 4) * 3 + 1]);
    }
  }
  CHECK(upscale(image, 1) == image);
}

TEST_CASE("grid: size, place and labels") {
  const std::vector<Image> images = {noise_image(160, 160), noise_image(160, 100),
                                     noise_image(7, 9)};
  const Image plain = grid(images, 2);
  CHECK(plain.width == 8 + 2 * 168);
  CHECK(plain.height == 8 + 2 * 168);
  CHECK(plain.rgb[(8 * plain.width + 8) * 3] == images[0].rgb[0]);
  CHECK_NOTHROW(check_grid(100, 512, 512));
  CHECK_THROWS_WITH_AS(check_grid(1000000, 512, 512), doctest::Contains("1000000 pictures"),
                       InputError);
  CHECK_THROWS_AS(check_grid(1000000, 1, 1), InputError);
  CHECK_THROWS_WITH_AS(grid(std::vector<Image>(20000, blank_image(1, 1, 0)), 141),
                       doctest::Contains("too large"), InputError);
  CHECK(grid(images, 0).width == 8 + 168);
  CHECK(grid(images, 99).width == 8 + 3 * 168);
  CHECK(grid(std::span(images).first(1), 1).height == 8 + 168);
  CHECK(grid({{noise_image(64, 64)}}, 1).width == 8 + 3 * 64 + 8);  // enlarged by 3
  CHECK_THROWS_AS(grid({}, 1), InputError);

  const Image labelled =
      grid(images, 2, {.columns = {"one line", ""}, .rows = {"before", "after", "no such row"}});
  CHECK(labelled.height == plain.height + line_height);
  CHECK(labelled.width > plain.width);
}

TEST_CASE("labels are broken at spaces, cut after the last line, never wider than asked") {
  const auto lines =
      break_lines("a photo of a red circle on a gray background in the style of Dotti", 160, 3);
  CHECK(lines.size() == 3);
  CHECK(lines.back().back() == U'\u2026');
  for (const auto& line : lines) CHECK(text_width(line) <= 160);
  CHECK(break_lines("", 160, 3).empty());
  CHECK(break_lines(std::string(1000, 'W'), 160, 2).size() == 2);
  CHECK(break_lines("\u6f22\u5b57\n\xff", 160, 3) ==
        std::vector<std::u32string>{U"\u6f22\u5b57 \ufffd"});
  CHECK(break_lines("abc", 1, 2) == std::vector<std::u32string>{U"a", U"\u2026"});
  Image small = blank_image(5, 5, 255);
  draw_text(small, U"Wide", -3, -3);  // cut off at the edges
  draw_text(small, U"Wide", 1000, 1000);
}
