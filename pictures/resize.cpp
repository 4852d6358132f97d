#include "pictures/resize.h"

#include <algorithm>
#include <cmath>

namespace lacuna {
namespace {

double keys(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// What one value of the new axis takes of the old one.
struct Taps {
  int first = 0;
  std::vector<double> weights;  // their sum is 1
};

std::vector<Taps> taps_of(int from, int to) {
  const double scale = static_cast<double>(from) / to, width = std::max(1.0, scale);
  std::vector<Taps> all;
  for (int i = 0; i < to; i++) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - 2 * width + 0.5));
    const int last = std::min(from, static_cast<int>(centre + 2 * width + 0.5));
    Taps taps{first, {}};
    double sum = 0;
    for (int x = first; x < last; x++) {
      taps.weights.push_back(keys((x + 0.5 - centre) / width));
      sum += taps.weights.back();
    }
    for (double& w : taps.weights) w /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

// The largest part of the picture, about its centre, that has the shape of width x height.
Image cut(const Image& image, int width, int height) {
  const double scale = std::min(static_cast<double>(image.width) / width,
                                static_cast<double>(image.height) / height);
  const int w = std::clamp(static_cast<int>(std::lround(width * scale)), 1, image.width);
  const int h = std::clamp(static_cast<int>(std::lround(height * scale)), 1, image.height);
  const int left = (image.width - w) / 2, top = (image.height - h) / 2;
  Image part = blank_image(w, h, 0);
  for (int y = 0; y < h; y++)
    std::copy_n(&image.rgb[(size_t(top + y) * size_t(image.width) + size_t(left)) * 3],
                size_t(w) * 3, &part.rgb[size_t(y) * size_t(w) * 3]);
  return part;
}

}  // namespace

Image resized(const Image& image, int width, int height) {
  const Image part = cut(image, width, height);
  const std::vector<Taps> across = taps_of(part.width, width), down = taps_of(part.height, height);
  // Rows first: [part.height][width][3].
  std::vector<double> rows(size_t(part.height) * size_t(width) * 3);
  for (int y = 0; y < part.height; y++)
    for (int x = 0; x < width; x++)
      for (size_t c = 0; c < 3; c++) {
        const Taps& t = across[size_t(x)];
        double sum = 0;
        for (size_t k = 0; k < t.weights.size(); k++)
          sum += t.weights[k] *
                 part.rgb[(size_t(y) * size_t(part.width) + size_t(t.first) + k) * 3 + c];
        rows[(size_t(y) * size_t(width) + size_t(x)) * 3 + c] = sum;
      }
  Image result = blank_image(width, height, 0);
  const size_t row = size_t(width) * 3;
  for (int y = 0; y < height; y++)
    for (size_t i = 0; i < row; i++) {
      const Taps& t = down[size_t(y)];
      double sum = 0;
      for (size_t k = 0; k < t.weights.size(); k++)
        sum += t.weights[k] * rows[(size_t(t.first) + k) * row + i];
      result.rgb[size_t(y) * row + i] =
          static_cast<uint8_t>(std::clamp(std::lround(sum), 0l, 255l));
    }
  return result;
}

Image mirrored(const Image& image) {
  Image result = image;
  for (int y = 0; y < image.height; y++)
    for (int x = 0; x < image.width; x++)
      std::copy_n(&image.rgb[(size_t(y) * size_t(image.width) + size_t(image.width - 1 - x)) * 3],
                  3, &result.rgb[(size_t(y) * size_t(image.width) + size_t(x)) * 3]);
  return result;
}

}  // namespace lacuna
