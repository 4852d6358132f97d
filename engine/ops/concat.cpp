// Concatenation along any axis: with everything from that axis on as one row, it is one of rows.
#include "shaders/concat.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// The attribute is the axis, from the front.
int64_t columns_of(const Node& n, const Shape& shape) {
  const int axis = n.as<int>();
  return shape[axis] * pitch_of(shape, axis);
}

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Shape &a = n.in(0), &b = n.in(1);
  const int axis = n.as<int>();
  if (a.rank() != b.rank() || with_axis(a, axis, 1) != with_axis(b, axis, 1))
    throw InputError("[concat] expects shapes that differ in axis {} only, not {} and {}", axis,
                     a.str(), b.str());
  const Shape y = with_axis(a, axis, a[axis] + b[axis]);
  expect_size(n, y);
  return {{y, n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const int64_t a = columns_of(n, n.in(0)), b = columns_of(n, n.in(1));
  const Elementwise e(r, n.out().elements(), {a, b});
  r.dispatch(kernels::concat_forward, n.dtype(), e.constants(),
             ConcatPush{r.in(n, 0), r.in(n, 1), r.out(n), e.count, e.vectors(a), e.vectors(b),
                        e.by(a + b)},
             e.groups());
}

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  const int axis = n.as<int>();
  const int64_t a = n.in(0)[axis], b = n.in(1)[axis];
  return {wanted[0] ? slice(dy, 0, a, axis) : Tensor{},
          wanted[1] ? slice(dy, a, b, axis) : Tensor{}};
}

const Op op = {"concat", outputs, record, nullptr, backward};

}  // namespace

Tensor concat(Tensor a, Tensor b, int axis) {
  return a.graph->node(op, {a, b}, axis_of("concat", a.shape(), axis));
}

}  // namespace lacuna
