#include "shaders/layer_norm.h"

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Shape channels = {n.in(0).last()};
  if (n.in(1) != channels || n.in(2) != channels)
    throw InputError("[layer_norm] expects x [...,C], weight [C] and bias [C], not {}, {} and {}",
                     n.in(0).str(), n.in(1).str(), n.in(2).str());
  return {n.inputs[0].type};
}

void record(const Node& n, Recorder& r) {
  const uint32_t width = width_of(n.out().last());
  const int64_t columns = n.out().last() / width;
  const Rows rows(n, r, n.out().rows(), columns, 3);
  r.dispatch(
      kernels::layer_norm_forward, n.dtype(), {rows.local, width, rows.lanes},
      LayerNormPush{r.in(n, 0), r.in(n, 1), r.in(n, 2), r.out(n), static_cast<uint32_t>(rows.rows),
                    static_cast<uint32_t>(columns), n.as<float>()},
      rows.groups());
}

const Op op = {"layer_norm", outputs, record};

}  // namespace

Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, float eps) {
  return x.graph->node(op, {x, weight, bias}, eps);
}

}  // namespace lacuna
