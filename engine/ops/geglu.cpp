#include "shaders/geglu.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  if (n.in(0).last() % 2 != 0)
    throw InputError("[geglu] expects an even last axis, not {}", n.in(0).str());
  return {{with_last(n.in(0), n.in(0).last() / 2), n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().last()});
  r.dispatch(
      kernels::geglu_forward, n.dtype(), e.constants(),
      GegluPush{.x = r.in(n, 0), .y = r.out(n), .count = e.count, .columns = e.by(n.out().last())},
      e.groups());
}

// Inputs x and dy.
std::vector<TensorType> dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_dx(const Node& n, Recorder& r) {
  const Shape& dy = n.in(1);
  const Elementwise e(r, dy.elements(), {dy.last()});
  r.dispatch(kernels::geglu_backward, n.inputs[0].dtype(), e.constants(),
             GegluPush{.x = r.in(n, 0),
                       .dy = r.in(n, 1),
                       .dx = r.out(n),
                       .count = e.count,
                       .columns = e.by(dy.last())},
             e.groups());
}

const Op dx_op = {"geglu.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(dx_op, {n.inputs[0], dy})};
}

const Op op = {"geglu", outputs, record, nullptr, backward};

}  // namespace

Tensor geglu(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
