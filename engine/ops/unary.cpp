// Functions of one element.
#include "shaders/unary.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Unary {
  uint32_t function;  // UNARY_SILU, say
  float factor = 0;
};

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  return {n.inputs[0].type};
}

void record(const Node& n, Recorder& r) {
  const auto [function, factor] = n.as<Unary>();
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(
      kernels::unary_forward, n.dtype(), e.constants().with({{Constant::FUNCTION, function}}),
      UnaryPush{.x = r.in(n, 0), .y = r.out(n), .count = e.count, .factor = factor}, e.groups());
}

// Inputs x and dy.
std::vector<TensorType> dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_dx(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(kernels::unary_backward, n.inputs[0].dtype(),
             e.constants().with({{Constant::FUNCTION, n.as<Unary>().function}}),
             UnaryPush{.x = r.in(n, 0), .dy = r.in(n, 1), .dx = r.out(n), .count = e.count},
             e.groups());
}

const Op silu_dx = {"silu.dx", dx_outputs, record_dx};
const Op gelu_dx = {"gelu.dx", dx_outputs, record_dx};
const Op quick_gelu_dx = {"quick_gelu.dx", dx_outputs, record_dx};
const Op relu_dx = {"relu.dx", dx_outputs, record_dx};
const Op sigmoid_dx = {"sigmoid.dx", dx_outputs, record_dx};
const Op tanh_dx = {"tanh.dx", dx_outputs, record_dx};

template <const Op& op>
Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(op, {n.inputs[0], dy}, n.attributes)};
}

Gradients scale_backward(const Node& n, Tensor dy, const Wanted&) {
  return {scale(dy, n.as<Unary>().factor)};
}

const Op silu_op = {"silu", outputs, record, nullptr, backward<silu_dx>};
const Op gelu_op = {"gelu", outputs, record, nullptr, backward<gelu_dx>};
const Op quick_gelu_op = {"quick_gelu", outputs, record, nullptr, backward<quick_gelu_dx>};
const Op relu_op = {"relu", outputs, record, nullptr, backward<relu_dx>};
const Op sigmoid_op = {"sigmoid", outputs, record, nullptr, backward<sigmoid_dx>};
const Op tanh_op = {"tanh", outputs, record, nullptr, backward<tanh_dx>};
const Op scale_op = {"scale", outputs, record, nullptr, scale_backward};

}  // namespace

Tensor silu(Tensor x) { return x.graph->node(silu_op, {x}, Unary{UNARY_SILU}); }
Tensor gelu(Tensor x) { return x.graph->node(gelu_op, {x}, Unary{UNARY_GELU}); }
Tensor quick_gelu(Tensor x) { return x.graph->node(quick_gelu_op, {x}, Unary{UNARY_QUICK_GELU}); }
Tensor relu(Tensor x) { return x.graph->node(relu_op, {x}, Unary{UNARY_RELU}); }
Tensor sigmoid(Tensor x) { return x.graph->node(sigmoid_op, {x}, Unary{UNARY_SIGMOID}); }
Tensor tanh(Tensor x) { return x.graph->node(tanh_op, {x}, Unary{UNARY_TANH}); }
Tensor scale(Tensor x, float factor) {
  return x.graph->node(scale_op, {x}, Unary{UNARY_SCALE, factor});
}

}  // namespace lacuna
