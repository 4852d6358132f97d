// A range of any axis: with everything from that axis on as one row, it is one of columns.
#include "shaders/slice.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// From index `begin` of the axis.
struct Range {
  int64_t begin, count;
  int axis;
};

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const auto [begin, count, axis] = n.as<Range>();
  const Shape& x = n.in(0);
  if (begin < 0 || count < 1 || begin > x[axis] - count)
    throw InputError("[slice] expects a range of axis {} of {}, not {} from {}", axis, x.str(),
                     count, begin);
  return {{with_axis(x, axis, count), n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const auto [first, size, axis] = n.as<Range>();
  const int64_t pitch = pitch_of(n.in(0), axis);
  const int64_t columns = n.in(0)[axis] * pitch, begin = first * pitch, count = size * pitch;
  const Elementwise e(r, n.out().elements(), {columns, begin, count});
  r.dispatch(
      kernels::slice_forward, n.dtype(), e.constants(),
      SlicePush{r.in(n, 0), r.out(n), e.count, e.vectors(begin), e.vectors(columns), e.by(count)},
      e.groups());
}

// Input dy.
struct Place {
  int64_t begin, size;  // of the axis of x
  int axis;
};

std::vector<TensorType> dx_outputs(const Node& n) {
  const auto [begin, size, axis] = n.as<Place>();
  return {{with_axis(n.in(0), axis, size), DType::f32}};
}

void record_dx(const Node& n, Recorder& r) {
  const auto [first, size, axis] = n.as<Place>();
  const int64_t pitch = pitch_of(n.in(0), axis);
  const int64_t columns = size * pitch, begin = first * pitch, count = n.in(0)[axis] * pitch;
  const Elementwise e(r, n.out().elements(), {columns, begin, count});
  r.dispatch(
      kernels::slice_backward, DType::f32, e.constants(),
      SlicePush{r.in(n, 0), r.out(n), e.count, e.vectors(begin), e.vectors(count), e.by(columns)},
      e.groups());
}

const Op dx_op = {"slice.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  const auto [begin, count, axis] = n.as<Range>();
  return {dy.graph->node(dx_op, {dy}, Place{begin, n.in(0)[axis], axis})};
}

const Op op = {"slice", outputs, record, nullptr, backward};

}  // namespace

Tensor slice(Tensor x, int64_t begin, int64_t count, int axis) {
  return x.graph->node(op, {x}, Range{begin, count, axis_of("slice", x.shape(), axis)});
}

}  // namespace lacuna
