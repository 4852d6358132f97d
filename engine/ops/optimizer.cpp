// What updates trained parameters in place: accumulate, norm, adam.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "shaders/accumulate.h"
#include "shaders/adam.h"
#include "shaders/kernels.h"
#include "shaders/norm.h"

namespace lacuna {
namespace {

void expect_f32(const Node& n) {
  for (const Tensor& input : n.inputs) {
    if (input.dtype() != DType::f32)
      throw InputError("[{}] expects tensors in f32, not {}", n.op->name, name_of(input.dtype()));
    expect_size(n, input.shape());
  }
}

// The arena may give an intermediate result's place to others; only parameters stay.
void expect_parameter(const Node& n, int i) {
  const Tensor& t = n.inputs[static_cast<size_t>(i)];
  if (t.graph->values()[t.id].storage != Storage::parameter)
    throw InputError("[{}] expects a parameter to write to, not an input or a result of {}",
                     n.op->name, t.shape().str());
}

std::vector<TensorType> accumulate_outputs(const Node& n) {
  expect_f32(n);
  expect_parameter(n, 0);
  if (n.in(0) != n.in(1))
    throw InputError("[accumulate] expects equal shapes, not {} and {}", n.in(0).str(),
                     n.in(1).str());
  return {};
}

void record_accumulate(const Node& n, Recorder& r) {
  const Elementwise e(r, n.in(0).elements(), {n.in(0).elements()});
  r.dispatch(kernels::accumulate_forward, DType::f32, e.constants(),
             AccumulatePush{r.update(n, 0), r.in(n, 1), e.count, n.as<float>()}, e.groups());
}

// In elements.
constexpr int64_t norm_chunk = 16384;
constexpr size_t norm_batch = std::size(decltype(NormPush::counts){});
int64_t chunks_of(const Tensor& t) { return (t.shape().elements() + norm_chunk - 1) / norm_chunk; }

std::vector<TensorType> norm_outputs(const Node& n) {
  expect_f32(n);
  int64_t chunks = 0;
  for (const Tensor& t : n.inputs) chunks += chunks_of(t);
  return {{{1}, DType::f32}, {{chunks}, DType::f32}};
}

void record_norm(const Node& n, Recorder& r) {
  const uint32_t lanes = r.traits().cpu ? 16 : 64;
  NormPush push{};
  // Tensors of whole fours first, so that those of a dispatch have one width.
  std::vector<int> order;
  for (const uint32_t width : {4u, 1u})
    for (int i = 0; i < static_cast<int>(n.inputs.size()); i++)
      if (width_of(n.in(i).elements()) == width) order.push_back(i);
  for (size_t begin = 0; begin < order.size();) {
    const uint32_t width = width_of(n.in(order[begin]).elements());
    NormPush part{};
    part.chunk = static_cast<uint32_t>(norm_chunk / width);
    part.first = push.count;
    size_t k = 0;
    for (; k < norm_batch && begin < order.size(); k++, begin++) {
      const int i = order[begin];
      if (width_of(n.in(i).elements()) != width) break;
      part.x[k] = r.in(n, i);
      part.counts[k] = static_cast<uint32_t>(n.in(i).elements()) / width;
      push.count += static_cast<uint32_t>(chunks_of(n.inputs[static_cast<size_t>(i)]));
    }
    part.sums = r.out(n, 1);
    r.dispatch(kernels::norm_squares, DType::f32,
               {{Constant::LOCAL, lanes}, {Constant::WIDTH, width}, {Constant::LANES, lanes}}, part,
               Recorder::fold(push.count - part.first));
  }
  push.sums = r.back(n, 1);
  push.norm = r.out(n);
  r.dispatch(kernels::norm_root, DType::f32,
             {{Constant::LOCAL, 64}, {Constant::WIDTH, 1}, {Constant::LANES, 64}}, push, {});
}

std::vector<TensorType> adam_outputs(const Node& n) {
  expect_f32(n);
  for (int i = 0; i < 4; i++) {
    expect_parameter(n, i);
    if (n.in(i) != n.in(0))
      throw InputError(
          "[adam] expects a weight, two moments and a gradient of one shape, not {} "
          "and {}",
          n.in(0).str(), n.in(i).str());
  }
  if (n.in(4) != Shape{8} || n.in(5) != Shape{1})
    throw InputError("[adam] expects step [8] and a norm [1], not {} and {}", n.in(4).str(),
                     n.in(5).str());
  return {};
}

void record_adam(const Node& n, Recorder& r) {
  const Elementwise e(r, n.in(0).elements(), {n.in(0).elements()});
  r.dispatch(kernels::adam_forward, DType::f32,
             e.constants().with({{Constant::DECOUPLED, n.as<bool>()}}),
             AdamPush{r.update(n, 0), r.update(n, 1), r.update(n, 2), r.update(n, 3), r.in(n, 4),
                      r.in(n, 5), e.count},
             e.groups());
}

const Op accumulate_op = {.name = "accumulate",
                          .outputs = accumulate_outputs,
                          .record = record_accumulate,
                          .effect = true};
const Op norm_op = {"norm", norm_outputs, record_norm};
const Op adam_op = {.name = "adam", .outputs = adam_outputs, .record = record_adam, .effect = true};

}  // namespace

void accumulate(Tensor target, Tensor x, float factor) {
  target.graph->node(accumulate_op, {target, x}, factor);
}

Tensor norm(std::span<const Tensor> tensors) {
  if (tensors.empty()) throw InputError("[norm] expects at least one tensor");
  return tensors[0].graph->node(norm_op, {tensors.begin(), tensors.end()});
}

void adam(const AdamState& s, Tensor step, Tensor gradient_norm, bool decoupled) {
  step.graph->node(adam_op, {s.weight, s.moment1, s.moment2, s.gradient, step, gradient_norm},
                   decoupled);
}

std::array<float, 8> AdamStep::numbers(int64_t t, bool decoupled) const {
  const double correction1 = 1 - std::pow(beta1, static_cast<double>(t));
  const double correction2 = 1 - std::pow(beta2, static_cast<double>(t));
  const double values[8] = {decoupled ? 1 - learning_rate * weight_decay : weight_decay,
                            1 - beta1,
                            beta2,
                            1 - beta2,
                            learning_rate / correction1,
                            std::sqrt(correction2),
                            eps,
                            largest_norm};
  std::array<float, 8> rounded{};
  std::transform(std::begin(values), std::end(values), rounded.begin(),
                 [](double v) { return static_cast<float>(v); });
  return rounded;
}

}  // namespace lacuna
