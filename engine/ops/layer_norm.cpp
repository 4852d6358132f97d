// Layer norm. Outputs: y; stats f32 [rows,2] (mean and 1 / sqrt(var + eps), for the gradient).
#include "shaders/layer_norm.h"

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "engine/ops/sum_rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  expect_weights(n, {1, 2});
  expect_size(n, n.in(0));
  const Shape channels = {n.in(0).last()};
  if (n.in(1) != channels || n.in(2) != channels)
    throw InputError("[layer_norm] expects x [...,C], weight [C] and bias [C], not {}, {} and {}",
                     n.in(0).str(), n.in(1).str(), n.in(2).str());
  return {n.inputs[0].type, {{n.in(0).rows(), 2}, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const uint32_t width = width_of(n.out().last());
  const int64_t columns = n.out().last() / width;
  const Rows rows(n, r, n.out().rows(), columns, 3);
  r.dispatch(kernels::layer_norm_forward, {n.dtype(), n.inputs[1].dtype()}, rows.constants(width),
             LayerNormPush{.x = r.in(n, 0),
                           .weight = r.in(n, 1),
                           .bias = r.in(n, 2),
                           .y = r.out(n),
                           .stats = r.out(n, 1),
                           .rows = static_cast<uint32_t>(rows.rows),
                           .columns = static_cast<uint32_t>(columns),
                           .eps = n.as<float>()},
             rows.groups());
}

// Inputs x, weight, stats and dy.
std::vector<TensorType> dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_dx(const Node& n, Recorder& r) {
  const uint32_t width = width_of(n.out().last());
  const int64_t columns = n.out().last() / width;
  const Rows rows(n, r, n.out().rows(), columns, 2);
  r.dispatch(kernels::layer_norm_backward, {n.inputs[0].dtype(), n.inputs[1].dtype()},
             rows.constants(width),
             LayerNormPush{.x = r.in(n, 0),
                           .weight = r.in(n, 1),
                           .stats = r.in(n, 2),
                           .dy = r.in(n, 3),
                           .dx = r.out(n),
                           .rows = static_cast<uint32_t>(rows.rows),
                           .columns = static_cast<uint32_t>(columns)},
             rows.groups());
}

// Inputs x, stats and dy; outputs the sums of dy and of dy xhat, [1,chunks,C] each.
std::vector<TensorType> sums_outputs(const Node& n) {
  const int64_t rows = n.in(0).rows(), chunk = row_chunk(rows);
  const TensorType sums = {{1, (rows + chunk - 1) / chunk, n.in(0).last()}, DType::f32};
  return {sums, sums};
}

void record_sums(const Node& n, Recorder& r) {
  const Shape& x = n.in(0);
  const uint32_t width = width_of(x.last());
  const auto columns = static_cast<uint32_t>(x.last() / width);
  const uint32_t local = column_lanes(r, columns);
  r.dispatch(kernels::layer_norm_sums, n.inputs[0].dtype(),
             {{Constant::LOCAL, local}, {Constant::WIDTH, width}},
             LayerNormPush{.x = r.in(n, 0),
                           .stats = r.in(n, 1),
                           .dy = r.in(n, 2),
                           .sums = r.out(n),
                           .products = r.out(n, 1),
                           .rows = static_cast<uint32_t>(x.rows()),
                           .columns = columns,
                           .chunk = static_cast<uint32_t>(row_chunk(x.rows()))},
             {(columns + local - 1) / local, static_cast<uint32_t>(n.out()[1])});
}

const Op dx_op = {"layer_norm.dx", dx_outputs, record_dx};
const Op sums_op = {"layer_norm.sums", sums_outputs, record_sums};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Graph& g = *dy.graph;
  const Tensor x = n.inputs[0], weight = n.inputs[1], stats = n.outputs[1];
  Gradients grads(3);
  if (wanted[0]) grads[0] = g.node(dx_op, {x, weight, stats, dy});
  if (wanted[1]) {
    const Outputs sums = g.node(sums_op, {x, stats, dy});
    grads[1] = column_sum(sums[1]);
    if (wanted[2]) grads[2] = column_sum(sums[0]);
  } else if (wanted[2]) {
    grads[2] = column_sum(dy);
  }
  return grads;
}

const Op op = {"layer_norm", outputs, record, nullptr, backward};

}  // namespace

Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, float eps) {
  return x.graph->node(op, {x, weight, bias}, eps);
}

}  // namespace lacuna
