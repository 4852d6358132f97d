#include "pictures/canvas.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace lacuna {
namespace {

// The pixels of one axis that a span of coordinates touches.
int first_pixel(double from, int size) {
  return static_cast<int>(std::clamp(std::floor(from), 0.0, static_cast<double>(size)));
}
int last_pixel(double to, int size) {
  return static_cast<int>(std::clamp(std::ceil(to), -1.0, static_cast<double>(size - 1)));
}

}  // namespace

void blend(Image& image, int x, int y, Colour colour, float share) {
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
  uint8_t* pixel = &image.rgb[(size_t(y) * size_t(image.width) + size_t(x)) * 3];
  const uint8_t ink[3] = {colour.r, colour.g, colour.b};
  for (int k = 0; k < 3; k++) {
    const auto before = static_cast<float>(pixel[k]);
    pixel[k] = static_cast<uint8_t>(std::lround(before + share * (ink[k] - before)));
  }
}

void fill(Image& image, int x, int y, int width, int height, Colour colour) {
  for (int row = y; row < y + height; row++)
    for (int column = x; column < x + width; column++) blend(image, column, row, colour, 1);
}

Cover::Cover(const Image& image)
    : width_(image.width),
      height_(image.height),
      share_(size_t(image.width) * size_t(image.height)) {}

void Cover::line(double ax, double ay, double bx, double by, double thickness) {
  const double reach = thickness / 2 + 0.5;
  const double dx = bx - ax, dy = by - ay, squared = dx * dx + dy * dy;
  const int left = first_pixel(std::min(ax, bx) - reach, width_);
  const int right = last_pixel(std::max(ax, bx) + reach, width_);
  const int top = first_pixel(std::min(ay, by) - reach, height_);
  const int bottom = last_pixel(std::max(ay, by) + reach, height_);
  for (int y = top; y <= bottom; y++) {
    for (int x = left; x <= right; x++) {
      const double along = squared > 0 ? ((x - ax) * dx + (y - ay) * dy) / squared : 0;
      const double t = std::clamp(along, 0.0, 1.0);
      const double distance = std::hypot(ax + t * dx - x, ay + t * dy - y);
      float& share = share_[size_t(y) * size_t(width_) + size_t(x)];
      share = std::max(share, static_cast<float>(std::clamp(reach - distance, 0.0, 1.0)));
    }
  }
}

void Cover::put(Image& image, Colour colour) const {
  assert(image.width == width_ && image.height == height_);
  for (int y = 0; y < height_; y++) {
    for (int x = 0; x < width_; x++) {
      const float share = share_[size_t(y) * size_t(width_) + size_t(x)];
      if (share > 0) blend(image, x, y, colour, share);
    }
  }
}

}  // namespace lacuna
