#include "erase/examples/augment.h"

#include <algorithm>
#include <cmath>

#include "pictures/resize.h"

namespace lacuna {
namespace {

// A window of `from` with its upper left corner at (x, y), of the size of `to`; or the other way
// round, `from` put into `to` there.
void copy(const Image& from, Image& to, int x, int y, bool into) {
  const Image& part = into ? from : to;
  for (int row = 0; row < part.height; row++)
    for (int i = 0; i < part.width * 3; i++) {
      const auto inner = static_cast<size_t>(row * part.width * 3 + i);
      const auto outer = static_cast<size_t>(((row + y) * (into ? to : from).width + x) * 3 + i);
      to.rgb[into ? outer : inner] = from.rgb[into ? inner : outer];
    }
}

int between(int least, int most, Rng& rng) {
  return least + static_cast<int>(rng.below(static_cast<uint64_t>(most - least + 1)));
}

// The latents whose every pixel is picture, without those at its border, into which the canvas
// shows through the encoder's convolutions; at least one.
std::pair<int64_t, int64_t> inside(int begin, int length, int64_t latents, int pixels) {
  const auto factor = static_cast<int>(pixels / latents);
  int64_t first = (begin + factor - 1) / factor + 1, last = (begin + length) / factor - 1;
  if (first >= last) {
    first = std::min<int64_t>((begin + length / 2) / factor, latents - 1);
    last = first + 1;
  }
  return {first, last};
}

}  // namespace

std::span<const Word> words(Augment) {
  static constexpr Word all[] = {
      {"none", Augment::none}, {"flip", Augment::flip}, {"resize", Augment::resize}};
  return all;
}

Augmented augmented(const Image& image, Augment augment, LatentSize latents, Rng& rng) {
  Augmented result{image, "", {}};
  result.mask.assign(static_cast<size_t>(latents.height * latents.width), 1.0f);
  if (augment == Augment::none) return result;
  if (rng.below(2) == 1) result.image = mirrored(image);
  if (augment == Augment::flip) return result;
  const int w = image.width, h = image.height;
  const bool smaller = rng.below(3) < 2;
  const double scale =
      smaller ? (1 + 2 * rng.uniform_double()) / 3 : 1.2 + 0.2 * rng.uniform_double();
  const bool second = rng.below(2) == 1;  // of two wordings
  if (smaller && scale >= 0.6) return result;
  const int sw = std::max(1, static_cast<int>(std::lround(w * scale)));
  const int sh = std::max(1, static_cast<int>(std::lround(h * scale)));
  const Image scaled = resized(result.image, sw, sh);
  const int x = between(0, std::abs(w - sw), rng), y = between(0, std::abs(h - sh), rng);
  if (!smaller) {
    copy(scaled, result.image, x, y, false);
    result.prefix = second ? "close up " : "zoomed in ";
    return result;
  }
  result.image = blank_image(w, h, 128);
  copy(scaled, result.image, x, y, true);
  result.prefix = second ? "very small " : "a far away ";
  const auto [left, right] = inside(x, sw, latents.width, w);
  const auto [top, bottom] = inside(y, sh, latents.height, h);
  for (int64_t i = 0; i < latents.height; i++)
    for (int64_t j = 0; j < latents.width; j++)
      if (i < top || i >= bottom || j < left || j >= right)
        result.mask[static_cast<size_t>(i * latents.width + j)] = 0;
  return result;
}

}  // namespace lacuna
