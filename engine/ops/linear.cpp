// Linear layer: one matrix product. x [...,K] is read as rows of K; the weight is [K,N].
#include "shaders/linear.h"

#include <vector>

#include "base/error.h"
#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "engine/ops/tile.h"
#include "shaders/kernels.h"
#include "shaders/linear_backward.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const Shape& w = n.in(1);
  const Epilogue e = n.as<Epilogue>();
  if (w.rank() != 2 || w[0] != x.last() || (e.bias && n.in(2) != Shape{w[1]}))
    throw InputError("[linear] expects x [...,K], weight [K,N] and bias [N], not {}, {} and {}",
                     x.str(), w.str(), e.bias ? n.in(2).str() : "none");
  std::vector<int64_t> sizes;
  for (int axis = 0; axis + 1 < x.rank(); axis++) sizes.push_back(x[axis]);
  sizes.push_back(w[1]);
  if (e.residual && n.in(e.residual_input()) != Shape(sizes))
    throw InputError("[linear] expects a residual shaped like the result, {}, not {}",
                     Shape(sizes).str(), n.in(e.residual_input()).str());
  expect_weights(n, {1, e.bias ? e.bias_input() : 1});
  return {{Shape(sizes), n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const KernelTypes types = {n.dtype(), n.inputs[1].dtype()};
  const int64_t rows = n.in(0).rows(), depth = n.in(0).last(), cols = n.out().last();
  const Epilogue e = n.as<Epilogue>();
  const uint32_t fours = cols % 4 == 0, bias = e.bias, residual = e.residual;
  const LinearPush push{.x = r.in(n, 0),
                        .weight = r.in(n, 1),
                        .bias = e.bias ? r.in(n, e.bias_input()) : 0,
                        .residual = e.residual ? r.in(n, e.residual_input()) : 0,
                        .y = r.out(n),
                        .rows = static_cast<uint32_t>(rows),
                        .cols = static_cast<uint32_t>(cols),
                        .depth = static_cast<uint32_t>(depth)};
  if (r.traits().cpu) {
    const LanesTile t = lanes_tile(r, n, {rows, cols, depth});
    r.dispatch(kernels::linear_forward_lanes, types,
               t.constants().with({{Constant::WHOLE_FOURS, fours},
                                   {Constant::BIAS, bias},
                                   {Constant::RESIDUAL, residual}}),
               push, t.groups.all());
  } else {
    const SharedTile t = shared_tile(r, n, rows, cols);
    r.dispatch(kernels::linear_forward, types,
               t.constants().with({{Constant::WHOLE_FOURS, fours},
                                   {Constant::BIAS, bias},
                                   {Constant::RESIDUAL, residual},
                                   {Constant::DEPTH_FOURS, depth % 4 == 0}}),
               push, t.groups.all());
  }
}

double flop(const Node& n) { return 2.0 * n.out().elements() * n.in(0).last(); }

// dx = dy W^T. Inputs: dy, W.
std::vector<TensorType> dx_outputs(const Node& n) {
  return {{with_last(n.in(0), n.in(1)[0]), DType::f32}};
}

void dx_record(const Node& n, Recorder& r) {
  const int64_t rows = n.in(0).rows(), depth = n.in(0).last(), cols = n.out().last();
  const uint32_t fours = cols % 4 == 0;
  const LinearBackwardPush push{.dy = r.in(n, 0),
                                .weight = r.in(n, 1),
                                .result = r.out(n),
                                .rows = static_cast<uint32_t>(rows),
                                .cols = static_cast<uint32_t>(cols),
                                .depth = static_cast<uint32_t>(depth)};
  const DType type = n.inputs[1].dtype();
  if (r.traits().cpu) {
    const LanesTile t = lanes_tile(r, n, {rows, cols, depth});
    r.dispatch(kernels::linear_backward_dx_lanes, type,
               t.constants().with({{Constant::WHOLE_FOURS, fours}}), push, t.groups.all());
  } else {
    const SharedTile t = shared_tile(r, n, rows, cols);
    r.dispatch(kernels::linear_backward_dx, type,
               t.constants().with(
                   {{Constant::WHOLE_FOURS, fours}, {Constant::DEPTH_FOURS, depth % 4 == 0}}),
               push, t.groups.all());
  }
}

double dx_flop(const Node& n) { return 2.0 * n.in(0).elements() * n.out().last(); }

// dW = x^T dy. Inputs: x, dy.
Split dw_split(const Node& n, bool cpu) {
  const int64_t rows = n.in(0).last(), cols = n.in(1).last();
  const int64_t depth = n.in(0).rows();
  return cpu ? split_for_cpu({cols, rows}, depth, 1, n.inputs[0].dtype())
             : split_for_gpu({rows, cols}, depth);
}

std::vector<TensorType> dw_outputs(const Node& n) {
  return outputs_in_parts({n.in(0).last(), n.in(1).last()}, dw_split(n, false), dw_split(n, true));
}

void dw_record(const Node& n, Recorder& r) {
  const int64_t rows = n.in(0).last(), cols = n.in(1).last();
  const uint32_t fours = cols % 4 == 0;
  const Split split = dw_split(n, r.traits().cpu);
  const DType type = n.inputs[0].dtype();
  for (int64_t first = 0; first < split.part; first += split.chunk) {
    LinearBackwardPush push{.dy = r.in(n, 1),
                            .x = r.in(n, 0),
                            .result = parts_address(n, r, split),
                            .rows = static_cast<uint32_t>(rows),
                            .cols = static_cast<uint32_t>(cols),
                            .depth = static_cast<uint32_t>(n.in(0).rows()),
                            .part = static_cast<uint32_t>(split.part),
                            .first = static_cast<uint32_t>(first),
                            .chunk = static_cast<uint32_t>(split.chunk)};
    if (r.traits().cpu) {
      const LanesTile t = lanes_tile(
          r, n, {.rows = cols, .cols = rows, .depth = n.in(0).rows(), .mends_end = true});
      push.row_groups = static_cast<uint32_t>(t.groups.rows);
      r.dispatch(kernels::linear_backward_dw_lanes, type,
                 t.constants().with({{Constant::WHOLE_FOURS, rows % 4 == 0},
                                     {Constant::BLOCKS, fours && rows % 4 == 0 && t.rows >= 4}}),
                 push, t.groups.all(split.parts));
    } else {
      const SharedTile t = shared_tile(r, n, rows, cols);
      push.row_groups = static_cast<uint32_t>(t.groups.rows);
      r.dispatch(kernels::linear_backward_dw, type,
                 t.constants().with(
                     {{Constant::WHOLE_FOURS, fours}, {Constant::ROW_FOURS, rows % 4 == 0}}),
                 push, t.groups.all(split.parts));
    }
  }
  merge_parts(n, r, split);
}

double dw_flop(const Node& n) { return 2.0 * n.in(0).elements() * n.in(1).last(); }

const Op dx_op = {"linear.dx", dx_outputs, dx_record, dx_flop};
const Op dw_op = {"linear.dw", dw_outputs, dw_record, dw_flop};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Gradients grads(n.inputs.size());
  const Epilogue e = n.as<Epilogue>();
  if (wanted[0]) grads[0] = dy.graph->node(dx_op, {dy, n.inputs[1]});
  if (wanted[1]) grads[1] = dy.graph->node(dw_op, {n.inputs[0], dy});
  if (e.bias && wanted[e.bias_input()]) grads[e.bias_input()] = column_sum(dy);
  if (e.residual && wanted[e.residual_input()]) grads[e.residual_input()] = dy;
  return grads;
}

const Op linear_op = {"linear", outputs, record, flop, backward};

}  // namespace

Tensor linear(Tensor x, Tensor weight, Tensor bias, Tensor residual) {
  std::vector<Tensor> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  if (residual) inputs.push_back(residual);
  return x.graph->node(linear_op, std::move(inputs), Epilogue{bool(bias), bool(residual)});
}

}  // namespace lacuna
