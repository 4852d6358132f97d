#include "pictures/label.h"

#include <algorithm>

#include "base/unicode.h"
#include "pictures/font_glyphs.h"

namespace lacuna {
namespace {

constexpr char32_t ellipsis = 0x2026;

const Glyph& glyph_of(char32_t c) {
  const auto found =
      std::lower_bound(glyphs.begin(), glyphs.end(), c,
                       [](const Glyph& glyph, char32_t code) { return glyph.character < code; });
  return found != glyphs.end() && found->character == c ? *found
                                                        : glyphs.back();  // U+FFFD: unknown
}

int digit_value(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

// As much of `text` as fits: to the last space if there is one, at least one character.
size_t fitting(std::u32string_view text, int width) {
  size_t end = 0, space = 0;
  for (int used = 0; end < text.size(); ++end) {
    used += glyph_of(text[end]).width;
    if (used > width) break;
    if (text[end] == U' ') space = end;
  }
  if (end == text.size()) return end;
  return std::max<size_t>(1, space > 0 ? space : end);
}

}  // namespace

int text_width(std::u32string_view text) {
  int width = 0;
  for (char32_t c : text) width += glyph_of(c).width;
  return width;
}

std::vector<std::u32string> break_lines(std::string_view utf8, int width, int most) {
  std::u32string text = decode_utf8(utf8);
  for (char32_t& c : text) {
    if (char_class(c) == CharClass::space) c = U' ';
  }
  std::vector<std::u32string> lines;
  for (std::u32string_view rest = text; !rest.empty();) {
    const size_t count = fitting(rest, width);
    lines.emplace_back(rest.substr(0, count));
    rest.remove_prefix(count);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(U' ')));
    if (static_cast<int>(lines.size()) < most || rest.empty()) continue;
    std::u32string& last = lines.back();
    while (!last.empty() && text_width(last) + glyph_of(ellipsis).width > width) last.pop_back();
    last += ellipsis;
    break;
  }
  return lines;
}

void draw_text(Image& image, std::u32string_view text, int x, int y) {
  constexpr int ink = 0x20;
  for (char32_t c : text) {
    const Glyph& glyph = glyph_of(c);
    for (int i = 0; i < glyph_height * glyph.width; ++i) {
      const int px = x + i % glyph.width, py = y + i / glyph.width;
      const int alpha = digit_value(glyph.pixels[static_cast<size_t>(i)]);
      if (alpha == 0 || px < 0 || py < 0 || px >= image.width || py >= image.height) continue;
      uint8_t* pixel = &image.rgb[(size_t(py) * size_t(image.width) + size_t(px)) * 3];
      for (int k = 0; k < 3; ++k)
        pixel[k] = static_cast<uint8_t>((pixel[k] * (15 - alpha) + ink * alpha) / 15);
    }
    x += glyph.width;
  }
}

}  // namespace lacuna
