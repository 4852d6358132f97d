// The same number everywhere: where a gradient starts.
#include "shaders/fill.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Fill {
  Shape shape;
  float value;
};

std::vector<TensorType> outputs(const Node& n) {
  const Shape shape = n.as<Fill>().shape;
  expect_size(n, shape);
  return {{shape, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(kernels::fill_forward, DType::f32, e.constants(),
             FillPush{r.out(n), e.count, n.as<Fill>().value}, e.groups());
}

const Op op = {"fill", outputs, record};

}  // namespace

Tensor fill(Graph& graph, Shape shape, float value) {
  return graph.node(op, {}, Fill{shape, value});
}

}  // namespace lacuna
