#include "pictures/region.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "pictures/resize.h"

namespace lacuna {
namespace {

// By pixel centres, in pixels.
Region made(std::string name, int width, int height,
            const std::function<bool(double x, double y)>& is_inside) {
  Region r{std::move(name), width, height, {}, {}};
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) r.inside.push_back(is_inside(x + 0.5, y + 0.5) ? 1.0f : 0.0f);
  return r;
}

Region rectangle(std::string name, int width, int height, double x, double y, double w, double h) {
  return made(std::move(name), width, height,
              [=](double px, double py) { return px >= x && px < x + w && py >= y && py < y + h; });
}

Region cell(std::string name, int width, int height, int row, int column) {
  const double w = width / 3.0, h = height / 3.0;
  return rectangle(std::move(name), width, height, column * w, row * h, w, h);
}

Region center(std::string name, int width, int height) {
  const double side = std::min(width, height) / 4.0;
  return rectangle(std::move(name), width, height, (width - side) / 2, (height - side) / 2, side,
                   side);
}

// The numbers of "rect:0,0,0.5,1", or none where the text is none of that kind.
std::vector<double> numbers(const std::string& text, const std::string& kind, size_t count) {
  if (!text.starts_with(kind + ":")) return {};
  std::vector<double> all;
  const char *at = text.data() + kind.size() + 1, *end = text.data() + text.size();
  while (at < end) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value) || (next < end && *next != ',')) break;
    all.push_back(value);
    at = next == end ? end : next + 1;
  }
  if (at != end || all.size() != count)
    throw InputError("[region] '{}' is not understood; write {} numbers after '{}:', as in {}",
                     text, count, kind,
                     kind == "cell"   ? "cell:1,3"
                     : kind == "rect" ? "rect:0,0,0.5,1"
                                      : "circle:0.5,0.5,0.25");
  return all;
}

Region from_file(const std::string& file, int width, int height) {
  Image image = load_image(file);
  Region r{file, width, height, {}, {}};
  if (image.width != width || image.height != height) {
    r.note = fmt::format("{} has {}x{} pixels and is resized to {}x{}", file, image.width,
                         image.height, width, height);
    image = resized(image, width, height);
  }
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    r.inside.push_back(static_cast<float>(image.rgb[i] + image.rgb[i + 1] + image.rgb[i + 2]) /
                       765.0f);
  return r;
}

Region parsed(const std::string& text, int width, int height) {
  const double w = width, h = height;
  if (text == "left") return rectangle(text, width, height, 0, 0, w / 2, h);
  if (text == "right") return rectangle(text, width, height, w / 2, 0, w, h);
  if (text == "top") return rectangle(text, width, height, 0, 0, w, h / 2);
  if (text == "bottom") return rectangle(text, width, height, 0, h / 2, w, h);
  if (text == "center") return center(text, width, height);
  if (const auto n = numbers(text, "cell", 2); !n.empty()) {
    const auto is_third = [](double v) { return v == 1 || v == 2 || v == 3; };
    if (!is_third(n[0]) || !is_third(n[1]))
      throw InputError("[region] '{}' names no cell; rows and columns go from 1 to 3", text);
    return cell(text, width, height, static_cast<int>(n[0]) - 1, static_cast<int>(n[1]) - 1);
  }
  if (const auto n = numbers(text, "rect", 4); !n.empty())
    return rectangle(text, width, height, n[0] * w, n[1] * h, n[2] * w, n[3] * h);
  if (const auto n = numbers(text, "circle", 3); !n.empty())
    return made(text, width, height, [=](double x, double y) {
      return std::hypot(x - n[0] * w, y - n[1] * h) < n[2] * std::min(w, h);
    });
  if (text.find('.') == std::string::npos)
    throw InputError(
        "[region] '{}' is unknown; choose left, right, top, bottom, center, cell:R,C, "
        "rect:X,Y,W,H, circle:X,Y,R or a picture, white inside",
        text);
  return from_file(text, width, height);
}

}  // namespace

Region parse_region(const std::string& text, int width, int height) {
  Region r = parsed(text, width, height);
  if (*std::ranges::max_element(r.inside) < 1.0f / 255)
    throw InputError("[region] '{}' has nothing inside; paint white what the edit may change",
                     text);
  return r;
}

std::vector<Region> grid_regions(int width, int height) {
  std::vector<Region> all;
  for (int row = 0; row < 3; row++)
    for (int column = 0; column < 3; column++)
      all.push_back(
          cell(fmt::format("cell:{},{}", row + 1, column + 1), width, height, row, column));
  all.push_back(center("center", width, height));
  return all;
}

std::vector<float> area_average(const Region& region, int64_t height, int64_t width) {
  const int64_t tall = region.height / height, wide = region.width / width;
  std::vector<float> result(static_cast<size_t>(height * width));
  for (int64_t y = 0; y < height * tall; y++)
    for (int64_t x = 0; x < width * wide; x++)
      result[static_cast<size_t>(y / tall * width + x / wide)] +=
          region.inside[static_cast<size_t>(y * region.width + x)];
  for (float& v : result) v /= static_cast<float>(tall * wide);
  return result;
}

}  // namespace lacuna
