#include "shaders/slice.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Columns {
  int64_t begin, count;
};

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const auto [begin, count] = n.as<Columns>();
  const int64_t columns = n.in(0).last();
  if (begin < 0 || count < 1 || begin > columns - count)
    throw InputError("[slice] expects columns of {}, not {} from column {}", n.in(0).str(), count,
                     begin);
  return {{with_last(n.in(0), count), n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const auto [begin, count] = n.as<Columns>();
  const int64_t columns = n.in(0).last();
  const Elementwise e(r, n.out().elements(), {columns, begin, count});
  r.dispatch(
      kernels::slice_forward, n.dtype(), {e.local, e.width, e.steps},
      SlicePush{r.in(n, 0), r.out(n), e.count, e.vectors(begin), e.vectors(columns), e.by(count)},
      e.groups());
}

// Input dy.
struct Padding {
  int64_t begin, columns;
};

std::vector<TensorType> dx_outputs(const Node& n) {
  return {{with_last(n.in(0), n.as<Padding>().columns), DType::f32}};
}

void record_dx(const Node& n, Recorder& r) {
  const auto [begin, columns] = n.as<Padding>();
  const int64_t count = n.in(0).last();
  const Elementwise e(r, n.out().elements(), {columns, begin, count});
  r.dispatch(
      kernels::slice_backward, DType::f32, {e.local, e.width, e.steps},
      SlicePush{r.in(n, 0), r.out(n), e.count, e.vectors(begin), e.vectors(count), e.by(columns)},
      e.groups());
}

const Op dx_op = {"slice.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(dx_op, {dy}, Padding{n.as<Columns>().begin, n.in(0).last()})};
}

const Op op = {"slice", outputs, record, nullptr, backward};

}  // namespace

Tensor slice(Tensor x, int64_t begin, int64_t count) {
  return x.graph->node(op, {x}, Columns{begin, count});
}

}  // namespace lacuna
