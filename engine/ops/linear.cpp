// Linear layer: one matrix product. x [...,K] is read as rows of K; the weight is [K,N].
#include "shaders/linear.h"

#include <vector>

#include "engine/error.h"
#include "engine/ops.h"
#include "engine/ops/tile.h"
#include "shaders/kernels.h"

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
  return {{Shape(sizes), n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
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
    const LanesTile t = lanes_tile(r.traits(), rows, cols);
    r.dispatch(kernels::linear_forward_lanes, n.dtype(),
               {t.lanes, t.rows, t.vectors, fours, bias, t.along_rows, depth % 2 == 0, residual},
               push, t.groups);
  } else {
    const SharedTile t = shared_tile(r.traits(), rows, cols);
    r.dispatch(kernels::linear_forward, n.dtype(),
               {t.local, t.vectors, fours, bias, depth % 4 == 0, residual}, push, t.groups);
  }
}

double flop(const Node& n) { return 2.0 * n.out().elements() * n.in(0).last(); }

const Op linear_op = {"linear", outputs, record, flop};

}  // namespace

Tensor linear(Tensor x, Tensor weight, Tensor bias, Tensor residual) {
  std::vector<Tensor> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  if (residual) inputs.push_back(residual);
  return x.graph->node(linear_op, std::move(inputs), Epilogue{bool(bias), bool(residual)});
}

}  // namespace lacuna
