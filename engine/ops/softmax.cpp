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
  r.dispatch(kernels::softmax_forward, n.dtype(), {rows.local, width, rows.lanes},
             SoftmaxPush{r.in(n, 0), r.out(n), static_cast<uint32_t>(rows.rows),
                         static_cast<uint32_t>(columns)},
             rows.groups());
}

const Op op = {"softmax", outputs, record};

}  // namespace

Tensor softmax(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
