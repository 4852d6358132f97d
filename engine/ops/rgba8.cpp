// Pictures as windows and files hold them.
#include "shaders/rgba8.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  if (n.inputs[0].dtype() != DType::f32 || x.rank() < 1 || x.last() != 3)
    throw InputError("[rgba8] expects pixels [...,3] in f32, not {} {}",
                     name_of(n.inputs[0].dtype()), x.str());
  expect_size(n, x);
  return {{with_last(x, 1), DType::i32}};
}

void record(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {1});
  r.dispatch(kernels::rgba8_forward, DType::f32, e.constants(),
             Rgba8Push{r.in(n, 0), r.out(n), e.count}, e.groups());
}

const Op op = {"rgba8", outputs, record};

}  // namespace

Tensor rgba8(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
