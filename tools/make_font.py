"""Writes pictures/font_glyphs.h: the letters of the labels in picture grids, as small grey bitmaps.

The font is Aileron (CC0, by Sora Sagano), which Pillow carries as its default.
Run from the repository root: python tools/make_font.py
"""

import pathlib

from PIL import Image, ImageDraw, ImageFont

SIZE = 16
CHARACTERS = [*range(0x20, 0x7F), *range(0xA1, 0x100), 0x2026, 0xFFFD]

font = ImageFont.load_default(SIZE)
ascent, descent = font.getmetrics()
HEIGHT = ascent + descent


def rows_of(character):
    """The glyph's advance and its bitmap, a hexadecimal digit (0 to f) a pixel."""
    width = max(1, round(font.getlength(character))) + (character == " ")
    image = Image.new("L", (width, HEIGHT))
    ImageDraw.Draw(image).text((0, 0), character, fill=255, font=font)
    return width, "".join(f"{(v + 8) // 17:x}" for v in image.tobytes())


missing = rows_of("\ufffd")[1]
lines = []
for code in CHARACTERS:
    width, pixels = rows_of(chr(code))
    if pixels == missing and code != 0xFFFD:
        continue
    lines.append(f'    {{0x{code:x}, {width}, "{pixels}"}},')

pathlib.Path("pictures/font_glyphs.h").write_text(f"""\
// Made by tools/make_font.py from Aileron Regular (CC0), {SIZE} pixels. Do not edit.
#pragma once

#include <array>
#include <string_view>

// clang-format off
namespace lacuna {{

struct Glyph {{
  char32_t character;
  int width;                // also the advance
  std::string_view pixels;  // [glyph_height][width], a hexadecimal digit (0 to f) each
}};

inline constexpr int glyph_height = {HEIGHT};
inline constexpr std::array<Glyph, {len(lines)}> glyphs = {{{{
""" + "\n".join(lines) + """
}};

}  // namespace lacuna
""")
print(len(lines), "glyphs, height", HEIGHT, "ascent", ascent)
