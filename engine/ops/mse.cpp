// Mean squared error in two dispatches: sums of chunks of each entry, and the means. Outputs:
// total, each, and scratch for the sums.
#include "shaders/mse.h"

#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// In elements. Short enough for many workgroups, and at most 4096 sums per entry.
int64_t chunk_of(int64_t entry) { return std::max<int64_t>(4096, (entry / 4096 + 4) & ~3); }
int64_t chunks_of(int64_t entry) { return (entry + chunk_of(entry) - 1) / chunk_of(entry); }

// Whether `weight` is shaped like the first axes of x.
bool begins_with(const Shape& x, const Shape& weight) {
  if (weight.rank() > x.rank()) return false;
  for (int i = 0; i < weight.rank(); i++)
    if (weight[i] != x[i]) return false;
  return true;
}

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const bool weighted = n.inputs.size() > 2;
  if (n.in(1) != x || (weighted && !begins_with(x, n.in(2))))
    throw InputError(
        "[mse] expects x [N,...], a target of that shape and a weight over its first axes, not {}, "
        "{} and {}",
        x.str(), n.in(1).str(), weighted ? n.in(2).str() : "none");
  if (n.inputs[0].dtype() == DType::i32 || n.inputs[1].dtype() != DType::f32 ||
      (weighted && n.inputs[2].dtype() != DType::f32))
    throw InputError("[mse] expects x in f32 or f16, target and weight in f32, not {}, {} and {}",
                     name_of(n.inputs[0].dtype()), name_of(n.inputs[1].dtype()),
                     weighted ? name_of(n.inputs[2].dtype()) : "none");
  expect_size(n, x);
  return {{{1}, DType::f32},
          {{x[0]}, DType::f32},
          {{x[0], chunks_of(x.elements() / x[0])}, DType::f32}};
}

// What all kernels need. Vectors lie within one entry and under one weight.
struct Layout {
  int64_t entry, inner;
  uint32_t width, weighted;

  Layout(const Node& n, bool has_weight) {
    const Shape& x = n.in(0);
    entry = x.elements() / x[0];
    inner = has_weight ? x.elements() / n.in(2).elements() : entry;
    width = width_of(inner);
    weighted = has_weight;
  }
  MsePush push(const Node& n) const {
    const Shape& x = n.in(0);
    return {.count = static_cast<uint32_t>(x.elements() / width),
            .entries = static_cast<uint32_t>(x[0]),
            .columns = static_cast<uint32_t>(entry / width),
            .chunk = static_cast<uint32_t>(chunk_of(entry) / width),
            .chunks = static_cast<uint32_t>(chunks_of(entry)),
            .inner = divisor(static_cast<uint32_t>(inner / width)),
            .elements = static_cast<float>(x.elements())};
  }
};

// Many lanes on software drivers too: a short sum is an accurate one, and one barrier a chunk
// costs little.
constexpr uint32_t least_lanes = 16;

void record(const Node& n, Recorder& r) {
  const Layout layout(n, n.inputs.size() > 2);
  MsePush push = layout.push(n);
  const int64_t sums = int64_t{push.entries} * push.chunks;
  const Rows rows(n, r, sums, push.chunk, 1, least_lanes);
  push.x = r.in(n, 0);
  push.target = r.in(n, 1);
  push.weight = layout.weighted ? r.in(n, 2) : 0;
  push.sums = r.out(n, 2);
  r.dispatch(kernels::mse_sums, n.inputs[0].dtype(),
             rows.constants(layout.width).with({{Constant::WEIGHTED, layout.weighted}}), push,
             rows.groups());

  const Rows means(n, r, int64_t{push.entries} + 1, sums, 1, least_lanes);
  push.sums = r.back(n, 2);
  push.total = r.out(n);
  push.each = r.out(n, 1);
  r.dispatch(kernels::mse_means, DType::f32, means.constants(1), push, means.groups());
}

// Inputs x, target, weight or none, and dtotal.
std::vector<TensorType> dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_dx(const Node& n, Recorder& r) {
  const Layout layout(n, n.inputs.size() > 3);
  const Elementwise e(r, n.out().elements(), {layout.inner});
  MsePush push = layout.push(n);
  push.x = r.in(n, 0);
  push.target = r.in(n, 1);
  push.weight = layout.weighted ? r.in(n, 2) : 0;
  push.dtotal = r.in(n, static_cast<int>(n.inputs.size()) - 1);
  push.dx = r.out(n);
  r.dispatch(kernels::mse_backward, n.inputs[0].dtype(),
             e.constants().with({{Constant::WEIGHTED, layout.weighted}}), push, e.groups());
}

const Op dx_op = {"mse.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Gradients grads(n.inputs.size());
  if (std::any_of(wanted.begin() + 1, wanted.end(), [](bool w) { return w; }))
    throw InputError("[mse] has a gradient for x, not for the target or the weight");
  std::vector<Tensor> inputs = n.inputs;
  inputs.push_back(dy);
  grads[0] = dy.graph->node(dx_op, std::move(inputs));
  return grads;
}

const Op op = {"mse", outputs, record, nullptr, backward};

}  // namespace

Loss mse(Tensor x, Tensor target, Tensor weight) {
  std::vector<Tensor> inputs = {x, target};
  if (weight) inputs.push_back(weight);
  const Outputs outputs = x.graph->node(op, std::move(inputs));
  return {outputs[0], outputs[1]};
}

}  // namespace lacuna
