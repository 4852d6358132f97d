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
  r.dispatch(kernels::geglu_forward, n.dtype(), {e.local, e.width, e.steps},
             GegluPush{r.in(n, 0), r.out(n), e.count, e.by(n.out().last())}, e.groups());
}

const Op op = {"geglu", outputs, record};

}  // namespace

Tensor geglu(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
