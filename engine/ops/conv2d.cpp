// Convolution of images [N,H,W,C] with a weight [KH,KW,C,O], as an implicit matrix product.
#include "shaders/conv2d.h"

#include "engine/error.h"
#include "engine/ops.h"
#include "engine/ops/tile.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Attribute {
  Conv2d options;
  Epilogue epilogue;
};

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const Shape& w = n.in(1);
  const auto [o, e] = n.as<Attribute>();
  if (x.rank() != 4 || w.rank() != 4 || w[2] != x[3] || (e.bias && n.in(2) != Shape{w[3]}))
    throw InputError(
        "[conv2d] expects x [N,H,W,C], weight [KH,KW,C,O] and bias [O], not {}, {} and {}", x.str(),
        w.str(), e.bias ? n.in(2).str() : "none");
  const int64_t pad = o.pad_begin + o.pad_end;
  if (o.stride < 1 || o.pad_begin < 0 || o.pad_end < 0 || x[1] + pad < w[0] || x[2] + pad < w[1])
    throw InputError(
        "[conv2d] expects an image not smaller than the kernel, not {} for {} with stride {} and "
        "padding {}, {}",
        x.str(), w.str(), o.stride, o.pad_begin, o.pad_end);
  const Shape y{x[0], (x[1] + pad - w[0]) / o.stride + 1, (x[2] + pad - w[1]) / o.stride + 1, w[3]};
  if (e.residual && n.in(e.residual_input()) != y)
    throw InputError("[conv2d] expects a residual shaped like the result, {}, not {}", y.str(),
                     n.in(e.residual_input()).str());
  return {{y, n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const Shape &x = n.in(0), &w = n.in(1), &y = n.out();
  const auto [o, e] = n.as<Attribute>();
  const auto u32 = [](int64_t value) { return static_cast<uint32_t>(value); };
  const uint32_t fours = y[3] % 4 == 0, bias = e.bias, residual = e.residual;
  const Conv2dPush push{.x = r.in(n, 0),
                        .weight = r.in(n, 1),
                        .bias = e.bias ? r.in(n, e.bias_input()) : 0,
                        .residual = e.residual ? r.in(n, e.residual_input()) : 0,
                        .y = r.out(n),
                        .rows = u32(y.rows()),
                        .cols = u32(y[3]),
                        .in_height = u32(x[1]),
                        .in_width = u32(x[2]),
                        .channels = u32(x[3]),
                        .out_height = u32(y[1]),
                        .out_width = u32(y[2]),
                        .kernel_height = u32(w[0]),
                        .kernel_width = u32(w[1]),
                        .stride = u32(o.stride),
                        .pad = u32(o.pad_begin)};
  if (r.traits().cpu) {
    const LanesTile t = lanes_tile(r.traits(), y.rows(), y[3]);
    r.dispatch(kernels::conv2d_forward_lanes, n.dtype(),
               {t.lanes, t.rows, t.vectors, fours, bias, t.along_rows, x[3] % 2 == 0, residual},
               push, t.groups);
  } else {
    const SharedTile t = shared_tile(r.traits(), y.rows(), y[3]);
    r.dispatch(kernels::conv2d_forward, n.dtype(),
               {t.local, t.vectors, fours, bias, x[3] % 4 == 0, residual}, push, t.groups);
  }
}

double flop(const Node& n) {
  const Shape& w = n.in(1);
  return 2.0 * n.out().elements() * w[0] * w[1] * w[2];
}

const Op conv2d_op = {"conv2d", outputs, record, flop};

}  // namespace

Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Conv2d options, Tensor residual) {
  std::vector<Tensor> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  if (residual) inputs.push_back(residual);
  return x.graph->node(conv2d_op, std::move(inputs),
                       Attribute{options, {bool(bias), bool(residual)}});
}

}  // namespace lacuna
