// Group norm in three dispatches: moments of chunks of pixels, their merger per group, and the
// result. Outputs: y; stats f32 [N,G,2] (mean and 1 / sqrt(var + eps), for the gradient); scratch.
#include "shaders/group_norm.h"

#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "engine/ops/sum_rows.h"
#include "shaders/group_norm_backward.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Options {
  int64_t groups;
  float eps;
  bool silu;
};

// Enough chunks for the largest GPU, but not so short that their moments are much to read and
// write.
int64_t chunk_of(int64_t pixels) { return std::clamp<int64_t>((pixels + 511) / 512, 32, 32768); }
int64_t chunks_of(int64_t pixels) { return (pixels + chunk_of(pixels) - 1) / chunk_of(pixels); }
int64_t pixels_of(const Shape& x) { return x.elements() / x[0] / x.last(); }

std::vector<TensorType> outputs(const Node& n) {
  expect_weights(n, {1, 2});
  expect_size(n, n.in(0));
  const Shape& x = n.in(0);
  const int64_t groups = n.as<Options>().groups;
  if (x.rank() < 2 || n.in(1) != Shape{x.last()} || n.in(2) != Shape{x.last()})
    throw InputError("[group_norm] expects x [N,...,C], weight [C] and bias [C], not {}, {} and {}",
                     x.str(), n.in(1).str(), n.in(2).str());
  if (groups < 1 || x.last() % groups != 0)
    throw InputError("[group_norm] expects a number of groups that divides {} channels, not {}",
                     x.last(), groups);
  return {n.inputs[0].type,
          {{x[0], groups, 2}, DType::f32},
          {{x[0], chunks_of(pixels_of(x)), 2, x.last()}, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const Options options = n.as<Options>();
  const Shape& x = n.in(0);
  const int64_t pixels = pixels_of(x), channels = x.last() / options.groups;
  const uint32_t width = width_of(x.last());
  const auto columns = static_cast<uint32_t>(x.last() / width);
  const auto chunks = static_cast<uint32_t>(chunks_of(pixels));
  const auto push = [&](uint64_t in, uint64_t weight, uint64_t bias, uint64_t y, uint64_t moments,
                        uint64_t stats) {
    return GroupNormPush{in,
                         weight,
                         bias,
                         y,
                         moments,
                         stats,
                         static_cast<uint32_t>(x[0]),
                         static_cast<uint32_t>(pixels),
                         columns,
                         static_cast<uint32_t>(chunk_of(pixels)),
                         chunks,
                         static_cast<uint32_t>(options.groups),
                         divisor(static_cast<uint32_t>(channels)),
                         options.eps};
  };
  const uint32_t local = column_lanes(r, columns);
  const Groups shares = {(columns + local - 1) / local, chunks, static_cast<uint32_t>(x[0])};

  r.dispatch(kernels::group_norm_moments, n.dtype(),
             {{Constant::LOCAL, local}, {Constant::WIDTH, width}},
             push(r.in(n, 0), 0, 0, 0, r.out(n, 2), 0), shares);

  const Rows rows(n, r, x[0] * options.groups, chunks, 2 * (channels + 1));
  r.dispatch(kernels::group_norm_stats, DType::f32, rows.constants(1),
             push(0, 0, 0, 0, r.back(n, 2), r.out(n, 1)), rows.groups());

  r.dispatch(kernels::group_norm_forward, {n.dtype(), n.inputs[1].dtype()},
             {{Constant::LOCAL, local}, {Constant::WIDTH, width}, {Constant::SILU, options.silu}},
             push(r.in(n, 0), r.in(n, 1), r.in(n, 2), r.out(n), 0, r.back(n, 1)), shares);
}

GroupNormBackwardPush backward_push(const Node& n) {
  const Shape& x = n.in(0);
  const int64_t groups = n.as<Options>().groups, pixels = pixels_of(x);
  return {.images = static_cast<uint32_t>(x[0]),
          .rows = static_cast<uint32_t>(pixels),
          .columns = static_cast<uint32_t>(x.last() / width_of(x.last())),
          .chunk = static_cast<uint32_t>(chunk_of(pixels)),
          .chunks = static_cast<uint32_t>(chunks_of(pixels)),
          .groups = static_cast<uint32_t>(groups),
          .channels = divisor(static_cast<uint32_t>(x.last() / groups))};
}

// Inputs x, weight, bias, stats and dy; outputs the sums of dz and dz xhat, [N,chunks,C] each.
std::vector<TensorType> sums_outputs(const Node& n) {
  const Shape& x = n.in(0);
  const TensorType sums = {{x[0], chunks_of(pixels_of(x)), x.last()}, DType::f32};
  return {sums, sums};
}

void record_sums(const Node& n, Recorder& r) {
  GroupNormBackwardPush push = backward_push(n);
  push.x = r.in(n, 0);
  push.weight = r.in(n, 1);
  push.bias = r.in(n, 2);
  push.stats = r.in(n, 3);
  push.dy = r.in(n, 4);
  push.sums = r.out(n);
  push.products = r.out(n, 1);
  const uint32_t local = column_lanes(r, push.columns);
  r.dispatch(kernels::group_norm_backward_sums, {n.inputs[0].dtype(), n.inputs[1].dtype()},
             {{Constant::LOCAL, local},
              {Constant::WIDTH, width_of(n.in(0).last())},
              {Constant::SILU, n.as<Options>().silu}},
             push, {(push.columns + local - 1) / local, push.chunks, push.images});
}

// Inputs x, weight, bias, stats, dy and both sums; outputs dx and scratch.
std::vector<TensorType> dx_outputs(const Node& n) {
  return {{n.in(0), DType::f32}, {n.in(3), DType::f32}};
}

void record_dx(const Node& n, Recorder& r) {
  GroupNormBackwardPush push = backward_push(n);
  const DType type = n.inputs[0].dtype(), weights = n.inputs[1].dtype();
  const Rows rows(n, r, int64_t{push.images} * push.groups, push.chunks, push.channels.value);
  push.weight = r.in(n, 1);
  push.sums = r.in(n, 5);
  push.products = r.in(n, 6);
  push.means = r.out(n, 1);
  r.dispatch(kernels::group_norm_backward_means, weights, rows.constants(1), push, rows.groups());

  push.x = r.in(n, 0);
  push.weight = r.in(n, 1);
  push.bias = r.in(n, 2);
  push.stats = r.in(n, 3);
  push.dy = r.in(n, 4);
  push.means = r.back(n, 1);
  push.dx = r.out(n);
  const uint32_t local = column_lanes(r, push.columns);
  r.dispatch(kernels::group_norm_backward_dx, {type, weights},
             {{Constant::LOCAL, local},
              {Constant::WIDTH, width_of(n.in(0).last())},
              {Constant::SILU, n.as<Options>().silu}},
             push, {(push.columns + local - 1) / local, push.chunks, push.images});
}

const Op sums_op = {"group_norm.sums", sums_outputs, record_sums};
const Op dx_op = {"group_norm.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Graph& g = *dy.graph;
  std::vector<Tensor> inputs = {n.inputs[0], n.inputs[1], n.inputs[2], n.outputs[1], dy};
  const Outputs sums = g.node(sums_op, inputs, n.attributes);
  inputs.insert(inputs.end(), sums.begin(), sums.end());
  Gradients grads(3);
  if (wanted[0]) grads[0] = g.node(dx_op, inputs, n.attributes);
  if (wanted[1]) grads[1] = column_sum(sums[1]);
  if (wanted[2]) grads[2] = column_sum(sums[0]);
  return grads;
}

const Op op = {"group_norm", outputs, record, nullptr, backward};

}  // namespace

Tensor group_norm(Tensor x, Tensor weight, Tensor bias, int groups, float eps, bool silu) {
  return x.graph->node(op, {x, weight, bias}, Options{groups, eps, silu});
}

}  // namespace lacuna
