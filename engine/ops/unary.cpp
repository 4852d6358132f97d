// Functions of one element: silu, gelu, quick_gelu, scale.
#include "shaders/unary.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// As in shaders/unary.comp.
enum class Function : uint32_t { silu, gelu, quick_gelu, scale };
struct Unary {
  Function function;
  float factor = 0;
};

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  return {n.inputs[0].type};
}

void record(const Node& n, Recorder& r) {
  const auto [function, factor] = n.as<Unary>();
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(kernels::unary_forward, n.dtype(),
             {e.local, e.width, e.steps, static_cast<uint32_t>(function)},
             UnaryPush{r.in(n, 0), r.out(n), e.count, factor}, e.groups());
}

const Op silu_op = {"silu", outputs, record};
const Op gelu_op = {"gelu", outputs, record};
const Op quick_gelu_op = {"quick_gelu", outputs, record};
const Op scale_op = {"scale", outputs, record};

}  // namespace

Tensor silu(Tensor x) { return x.graph->node(silu_op, {x}, Unary{Function::silu}); }
Tensor gelu(Tensor x) { return x.graph->node(gelu_op, {x}, Unary{Function::gelu}); }
Tensor quick_gelu(Tensor x) {
  return x.graph->node(quick_gelu_op, {x}, Unary{Function::quick_gelu});
}
Tensor scale(Tensor x, float factor) {
  return x.graph->node(scale_op, {x}, Unary{Function::scale, factor});
}

}  // namespace lacuna
