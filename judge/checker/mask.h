// Which pixels belong to something: square masks, their filters, and their normal form.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace lacuna::checker {

inline constexpr int side = 64;             // of every image that is judged
inline constexpr int pixels = side * side;  // [y][x]

struct Mask {
  int side = checker::side;
  std::vector<uint8_t> on =
      std::vector<uint8_t>(static_cast<size_t>(side) * side);  // 0 or 1, [y][x]

  int area() const;
};

// The largest (grow) or smallest (shrink) value in a square of `size` pixels around each; beyond
// the border the nearest pixel counts.
Mask grow(const Mask& mask, int size);
Mask shrink(const Mask& mask, int size);

// The mask without its holes, small gaps closed first if asked to.
Mask hull(const Mask& mask, bool close_gaps);

// 4-connected components, the largest first.
std::vector<Mask> components(const Mask& mask);

// Centre of a mask and the square root of its area, in pixels.
struct Frame {
  double x, y, size;
};
Frame frame_of(const Mask& mask);

// A field of 64 x 64 values sampled in a frame on 32 x 32 points, up to 1.15 sizes from its centre:
// what is left of a shape when position and scale are taken away.
inline constexpr int grid = 32;
using Sampled = std::array<float, grid * grid>;
Sampled resample(std::span<const float> field, const Frame& frame);
Sampled resample(const Mask& mask, const Frame& frame);

}  // namespace lacuna::checker
