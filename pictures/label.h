// Text in images: one built-in font (Latin letters) at one size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pictures/image.h"

namespace lacuna {

inline constexpr int line_height = 20;

int text_width(std::u32string_view text);

// Lines no wider than `width`, broken at spaces where possible, at most
// `most` (the last then ends in "...").
std::vector<std::u32string> break_lines(std::string_view utf8, int width, int most);

// Draws dark text on what is there; (x, y) is its top left corner. What lies outside the image is
// left out.
void draw_text(Image& image, std::u32string_view text, int x, int y);

}  // namespace lacuna
