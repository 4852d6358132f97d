#include "shaders/softmax.h"

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  return {n.inputs[0].type};
}

void record(const Node& n, Recorder& r) {
  const uint32_t width = width_of(n.out().last());
  const int64_t columns = n.out().last() / width;
  const Rows rows(n, r, n.out().rows(), columns, 3);
  r.dispatch(kernels::softmax_forward, n.dtype(), rows.constants(width),
             SoftmaxPush{.x = r.in(n, 0),
                         .y = r.out(n),
                         .rows = static_cast<uint32_t>(rows.rows),
                         .columns = static_cast<uint32_t>(columns)},
             rows.groups());
}

// Inputs y and dy.
std::vector<TensorType> dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_dx(const Node& n, Recorder& r) {
  const uint32_t width = width_of(n.out().last());
  const int64_t columns = n.out().last() / width;
  const Rows rows(n, r, n.out().rows(), columns, 2);
  r.dispatch(kernels::softmax_backward, n.inputs[0].dtype(), rows.constants(width),
             SoftmaxPush{.y = r.in(n, 0),
                         .dy = r.in(n, 1),
                         .dx = r.out(n),
                         .rows = static_cast<uint32_t>(rows.rows),
                         .columns = static_cast<uint32_t>(columns)},
             rows.groups());
}

const Op dx_op = {"softmax.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(dx_op, {n.outputs[0], dy})};
}

const Op op = {"softmax", outputs, record, nullptr, backward};

}  // namespace

Tensor softmax(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
