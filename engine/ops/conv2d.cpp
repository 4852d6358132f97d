// Convolution of images [N,H,W,C] with a weight [KH,KW,C,O], as an implicit matrix product.
#include "engine/error.h"
#include "engine/ops.h"
#include "engine/ops/tile.h"
#include "shaders/conv2d.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const Shape& w = n.in(1);
  const Conv2d o = n.as<Conv2d>();
  const bool bias = n.inputs.size() > 2;
  if (x.rank() != 4 || w.rank() != 4 || w[2] != x[3] || (bias && n.in(2) != Shape{w[3]}))
    throw InputError("[conv2d] expects x [N,H,W,C], weight [KH,KW,C,O] and bias [O], not {}, {} and {}",
                     x.str(), w.str(), bias ? n.in(2).str() : "none");
  const int64_t pad = o.pad_begin + o.pad_end;
  if (o.stride < 1 || o.pad_begin < 0 || o.pad_end < 0 || x[1] + pad < w[0] || x[2] + pad < w[1])
    throw InputError("[conv2d] expects an image not smaller than the kernel, not {} for {} with stride {} and padding {}, {}",
                     x.str(), w.str(), o.stride, o.pad_begin, o.pad_end);
  return {{Shape{x[0], (x[1] + pad - w[0]) / o.stride + 1, (x[2] + pad - w[1]) / o.stride + 1, w[3]},
           n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const Shape &x = n.in(0), &w = n.in(1), &y = n.out();
  const Conv2d o = n.as<Conv2d>();
  const auto u32 = [](int64_t value) { return static_cast<uint32_t>(value); };
  const uint32_t fours = y[3] % 4 == 0, bias = n.inputs.size() > 2;
  const Conv2dPush push{.x = r.in(n, 0),
                        .weight = r.in(n, 1),
                        .bias = r.optional_in(n, 2),
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
    r.dispatch(kernels::conv2d_forward_lanes, n.dtype(), {t.lanes, t.rows, t.vectors, fours, bias, t.along_rows, x[3] % 2 == 0},
               push, t.groups);
  } else {
    const SharedTile t = shared_tile(r.traits(), y.rows(), y[3]);
    r.dispatch(kernels::conv2d_forward, n.dtype(), {t.local, t.vectors, fours, bias, x[3] % 4 == 0}, push, t.groups);
  }
}

double flop(const Node& n) {
  const Shape& w = n.in(1);
  return 2.0 * n.out().elements() * w[0] * w[1] * w[2];
}

const Op conv2d_op = {"conv2d", outputs, record, flop};

}  // namespace

Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Conv2d options) {
  if (bias) return x.graph->node(conv2d_op, {x, weight, bias}, options);
  return x.graph->node(conv2d_op, {x, weight}, options);
}

}  // namespace lacuna
