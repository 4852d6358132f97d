// The host side of shaders/elementwise.glsl, and checks that many ops share.
#pragma once

#include <initializer_list>

#include "base/error.h"
#include "engine/graph.h"
#include "engine/recorder.h"
#include "shaders/divide.h"

namespace lacuna {

// Elements per vector of kernels whose rows have this length.
inline uint32_t width_of(int64_t row_length) { return row_length % 4 == 0 ? 4 : 1; }

// How one elementwise dispatch covers `elements`: as vectors of `width`, which divides every row
// length.
struct Elementwise {
  static constexpr uint32_t local = 64;
  uint32_t width, steps;
  uint32_t count;  // of vectors

  Elementwise(const Recorder& r, int64_t elements, std::initializer_list<int64_t> rows);
  uint32_t vectors(int64_t n) const { return static_cast<uint32_t>(n) / width; }
  Divisor by(int64_t n) const { return divisor(vectors(n)); }
  Specialization constants() const {
    return {{Constant::LOCAL, local}, {Constant::WIDTH, width}, {Constant::STEPS, steps}};
  }
  Groups groups() const {
    return Recorder::fold((int64_t{count} + local * steps - 1) / (local * steps));
  }
};

// Throws unless all inputs of the node are stored as the first one is, in f32 or f16, and are small
// enough for the 31-bit indices of kernels.
void expect_floats(const Node& n);
void expect_size(const Node& n, const Shape& shape);

// Throws unless `weights` (indices of inputs) share one storage type and all other inputs another,
// which is the same, or f32 beside weights in f16.
void expect_weights(const Node& n, std::initializer_list<int> weights);

// The shape with another last axis, or another axis `axis`.
Shape with_last(const Shape& shape, int64_t last);
Shape with_axis(const Shape& shape, int axis, int64_t size);

// An axis of the shape that counts from the front; negative ones count from the back. Throws
// InputError("[name] expects ...") if there is no such axis.
int axis_of(const char* name, const Shape& shape, int axis);
// Elements from one index of the axis to the next: 1 for the last.
int64_t pitch_of(const Shape& shape, int axis);

}  // namespace lacuna
