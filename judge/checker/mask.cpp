#include "judge/checker/mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lacuna::checker {
namespace {

// One pass along rows or columns of a separable filter.
template <typename Choose>
Mask filter_line(const Mask& mask, int size, int step, int stride, Choose choose) {
  Mask out{mask.side};
  for (int line = 0; line < mask.side; line++) {
    for (int i = 0; i < mask.side; i++) {
      uint8_t chosen = mask.on[static_cast<size_t>(line * stride + i * step)];
      for (int k = i - size / 2; k <= i + size / 2; k++) {
        const int inside = std::clamp(k, 0, mask.side - 1);
        chosen = choose(chosen, mask.on[static_cast<size_t>(line * stride + inside * step)]);
      }
      out.on[static_cast<size_t>(line * stride + i * step)] = chosen;
    }
  }
  return out;
}

template <typename Choose>
Mask filter(const Mask& mask, int size, Choose choose) {
  return filter_line(filter_line(mask, size, 1, mask.side, choose), size, mask.side, 1, choose);
}

// The pixels of the value at `start` that are connected with it.
Mask flood(const Mask& mask, int start) {
  Mask reached{mask.side};
  const uint8_t value = mask.on[static_cast<size_t>(start)];
  std::vector<int> open = {start};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    if (mask.on[static_cast<size_t>(at)] != value || reached.on[static_cast<size_t>(at)]) continue;
    reached.on[static_cast<size_t>(at)] = 1;
    const int x = at % mask.side, y = at / mask.side;
    if (x > 0) open.push_back(at - 1);
    if (x < mask.side - 1) open.push_back(at + 1);
    if (y > 0) open.push_back(at - mask.side);
    if (y < mask.side - 1) open.push_back(at + mask.side);
  }
  return reached;
}

// A larger mask with the given one in its middle, or a smaller one cut from it.
Mask resized(const Mask& mask, int margin) {
  Mask out{mask.side + 2 * margin};
  for (int y = 0; y < out.side; y++) {
    for (int x = 0; x < out.side; x++) {
      const int from_x = x - margin, from_y = y - margin;
      if (std::min(from_x, from_y) < 0 || std::max(from_x, from_y) >= mask.side) continue;
      out.on[static_cast<size_t>(y * out.side + x)] =
          mask.on[static_cast<size_t>(from_y * mask.side + from_x)];
    }
  }
  return out;
}

}  // namespace

int Mask::area() const { return std::accumulate(on.begin(), on.end(), 0); }

Mask grow(const Mask& mask, int size) {
  return filter(mask, size, [](uint8_t a, uint8_t b) { return std::max(a, b); });
}

Mask shrink(const Mask& mask, int size) {
  return filter(mask, size, [](uint8_t a, uint8_t b) { return std::min(a, b); });
}

Mask hull(const Mask& mask, bool close_gaps) {
  constexpr int margin = 4;  // so that the outside is connected all around
  Mask filled = resized(mask, margin);
  if (close_gaps) {
    const Mask closed = shrink(grow(filled, 5), 5);
    for (size_t i = 0; i < filled.on.size(); i++) filled.on[i] |= closed.on[i];
  }
  Mask outside = flood(filled, 0);
  for (uint8_t& pixel : outside.on) pixel = !pixel;
  return resized(outside, -margin);
}

std::vector<Mask> components(const Mask& mask) {
  std::vector<Mask> parts;
  Mask left = mask;
  for (size_t start = 0; start < left.on.size(); start++) {
    if (!left.on[start]) continue;
    parts.push_back(flood(left, static_cast<int>(start)));
    for (size_t i = 0; i < left.on.size(); i++) left.on[i] &= !parts.back().on[i];
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Mask& a, const Mask& b) { return a.area() > b.area(); });
  return parts;
}

Frame frame_of(const Mask& mask) {
  double area = 0, x = 0, y = 0;
  for (int i = 0; i < pixels; i++) {
    if (!mask.on[static_cast<size_t>(i)]) continue;
    area += 1;
    x += i % side;
    y += i / side;
  }
  return {x / area, y / area, std::sqrt(area)};
}

Sampled resample(std::span<const float> field, const Frame& frame) {
  const auto position = [&](double centre, int k) {
    const double offset = ((k + 0.5) / grid * 2 - 1) * 1.15 * frame.size;
    return std::clamp(centre + offset, 0.0, side - 1.001);
  };
  Sampled values;
  for (int gy = 0; gy < grid; gy++) {
    for (int gx = 0; gx < grid; gx++) {
      const double x = position(frame.x, gx), y = position(frame.y, gy);
      const double u = x - std::floor(x), v = y - std::floor(y);
      const float* at = &field[static_cast<size_t>(y) * side + static_cast<size_t>(x)];
      values[static_cast<size_t>(gy * grid + gx)] = static_cast<float>(
          (at[0] * (1 - u) + at[1] * u) * (1 - v) + (at[side] * (1 - u) + at[side + 1] * u) * v);
    }
  }
  return values;
}

Sampled resample(const Mask& mask, const Frame& frame) {
  return resample(std::vector<float>(mask.on.begin(), mask.on.end()), frame);
}

}  // namespace lacuna::checker
