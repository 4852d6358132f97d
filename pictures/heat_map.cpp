#include "pictures/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/unicode.h"
#include "pictures/canvas.h"
#include "pictures/grid.h"
#include "pictures/label.h"

namespace lacuna {
namespace {

constexpr int width = 160, height = 36;
constexpr Colour darkest{0xd5, 0x5e, 0x00};  // dark text can still be read on it

Image cell(double value) {
  Image image = blank_image(width, height, 255);
  if (std::isnan(value)) return image;
  const auto share = static_cast<float>(std::clamp(value, 0.0, 1.0));
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) blend(image, x, y, darkest, share);
  const std::u32string text = decode_utf8(fmt::format("{:.0f} %", 100 * value));
  draw_text(image, text, (width - text_width(text)) / 2, (height - line_height) / 2);
  return image;
}

}  // namespace

Image draw_heat_map(const HeatMap& map) {
  assert(map.values.size() == map.rows.size() * map.columns.size());
  std::vector<Image> cells;
  for (const double v : map.values) cells.push_back(cell(v));
  return grid(cells, static_cast<int>(map.columns.size()), {map.columns, map.rows});
}

}  // namespace lacuna
