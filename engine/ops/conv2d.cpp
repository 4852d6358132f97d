// Convolution of images [N,H,W,C] with a weight [KH,KW,C,O], as an implicit matrix product.
#include "shaders/conv2d.h"

#include <algorithm>

#include "base/error.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "shaders/conv2d_backward.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

uint32_t u32(int64_t value) { return static_cast<uint32_t>(value); }

// CPU drivers go along the depth in chunks, one dispatch after the other, so that the rows of the
// weight that all tiles read stay in the cache and their pages in the TLB: at most this many rows.
// Four times as much of a depth of 5760 takes twice the time.
constexpr int64_t deepest = 1280;

int64_t depth_of(const Shape& weight) { return weight[0] * weight[1] * weight[2]; }

// Whether sums wait for the next chunk in a tensor of their own: y itself is too coarse.
bool sums_apart(const Node& n) {
  return n.inputs[0].dtype() != DType::f32 && depth_of(n.in(1)) > deepest &&
         !is_plain(n.as<Conv2dAttribute>().options);
}

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const Shape& w = n.in(1);
  const auto [o, e] = n.as<Conv2dAttribute>();
  if (x.rank() != 4 || w.rank() != 4 || o.groups < 1 || w[2] * o.groups != x[3] ||
      w[3] % o.groups != 0 || (e.bias && n.in(2) != Shape{w[3]}))
    throw InputError(
        "[conv2d] expects x [N,H,W,C], weight [KH,KW,C/groups,O] and bias [O] with groups that "
        "divide C and O, not {}, {}, {} and {} groups",
        x.str(), w.str(), e.bias ? n.in(2).str() : "none", o.groups);
  const auto [top, left, bottom, right] = o.padding;
  // Of the kernel's first and last tap, and how far the image lets it move.
  const int64_t reach_y = (w[0] - 1) * o.dilation.y + 1, reach_x = (w[1] - 1) * o.dilation.x + 1;
  const int64_t free_y = x[1] + top + bottom - reach_y, free_x = x[2] + left + right - reach_x;
  if (std::min({o.stride.y, o.stride.x, o.dilation.y, o.dilation.x}) < 1 ||
      std::min({top, left, bottom, right}) < 0 || std::min(free_y, free_x) < 0)
    throw InputError(
        "[conv2d] expects an image not smaller than the kernel, not {} for {} with stride {}x{}, "
        "padding {}, {}, {}, {} and dilation {}x{}",
        x.str(), w.str(), o.stride.y, o.stride.x, top, left, bottom, right, o.dilation.y,
        o.dilation.x);
  const Shape y{x[0], free_y / o.stride.y + 1, free_x / o.stride.x + 1, w[3]};
  if (e.residual && n.in(e.residual_input()) != y)
    throw InputError("[conv2d] expects a residual shaped like the result, {}, not {}", y.str(),
                     n.in(e.residual_input()).str());
  expect_weights(n, {1, e.bias ? e.bias_input() : 1});
  std::vector<TensorType> types = {{y, n.inputs[0].dtype()}};
  if (sums_apart(n)) types.push_back({y, DType::f32});
  return types;
}

void record(const Node& n, Recorder& r) {
  if (is_plain(n.as<Conv2dAttribute>().options)) return record_conv2d_plain(n, r);
  const KernelTypes types = {n.dtype(), n.inputs[1].dtype()};
  const Shape &x = n.in(0), &w = n.in(1), &y = n.out();
  const auto [o, e] = n.as<Conv2dAttribute>();
  const uint32_t fours = y[3] % 4 == 0, bias = e.bias, residual = e.residual;
  Conv2dPush push{.x = r.in(n, 0),
                  .weight = r.in(n, 1),
                  .bias = e.bias ? r.in(n, e.bias_input()) : 0,
                  .residual = e.residual ? r.in(n, e.residual_input()) : 0,
                  .y = r.out(n),
                  .sums = r.out(n, sums_apart(n) ? 1 : 0),
                  .rows = u32(y.rows()),
                  .cols = u32(y[3]),
                  .in_height = u32(x[1]),
                  .in_width = u32(x[2]),
                  .channels = u32(x[3]),
                  .out_height = u32(y[1]),
                  .out_width = u32(y[2]),
                  .kernel_height = u32(w[0]),
                  .kernel_width = u32(w[1]),
                  .stride_y = u32(o.stride.y),
                  .stride_x = u32(o.stride.x),
                  .top = u32(o.padding.top),
                  .left = u32(o.padding.left)};
  if (r.traits().cpu) {
    const LanesTile t =
        lanes_tile(r, n, {.rows = y.rows(), .cols = y[3], .depth = x[3], .tests_rows = true});
    const int64_t depth = depth_of(w);
    const int64_t chunk = depth <= deepest || t.along_rows ? deepest : deepest / 2;
    for (int64_t first = 0; first < depth; first += chunk) {
      push.first = u32(first);
      push.end = u32(std::min(first + chunk, depth));
      r.dispatch(kernels::conv2d_forward_lanes, types,
                 t.constants().with({{Constant::WHOLE_FOURS, fours},
                                     {Constant::BIAS, bias},
                                     {Constant::RESIDUAL, residual}}),
                 push, t.groups.all());
    }
  } else {
    const SharedTile t = shared_tile(r, n, y.rows(), y[3]);
    r.dispatch(kernels::conv2d_forward, types,
               t.constants().with({{Constant::WHOLE_FOURS, fours},
                                   {Constant::BIAS, bias},
                                   {Constant::RESIDUAL, residual},
                                   {Constant::CHANNEL_FOURS, x[3] % 4 == 0}}),
               push, t.groups.all());
  }
}

double flop(const Node& n) {
  const Shape& w = n.in(1);
  return 2.0 * n.out().elements() * w[0] * w[1] * w[2];
}

Conv2dBackwardPush backward_push(const Shape& x, const Shape& w, const Shape& dy, const Conv2d& o) {
  return {.images = u32(x[0]),
          .in_height = u32(x[1]),
          .in_width = u32(x[2]),
          .channels = u32(x[3]),
          .out_height = u32(dy[1]),
          .out_width = u32(dy[2]),
          .out_channels = u32(dy[3]),
          .kernel_height = u32(w[0]),
          .kernel_width = u32(w[1]),
          .stride_y = u32(o.stride.y),
          .stride_x = u32(o.stride.x),
          .top = u32(o.padding.top),
          .left = u32(o.padding.left)};
}

// Inputs: dy, weight.
std::vector<TensorType> dx_outputs(const Node& n) {
  const auto a = n.as<Conv2dBackwardAttribute>();
  return {{{n.in(0)[0], a.height, a.width, n.in(1)[2] * a.options.groups}, DType::f32}};
}

void dx_record(const Node& n, Recorder& r) {
  if (is_plain(n.as<Conv2dBackwardAttribute>().options)) return record_conv2d_plain_dx(n, r);
  const Shape &dy = n.in(0), &w = n.in(1), &x = n.out();
  const Conv2d o = n.as<Conv2dBackwardAttribute>().options;
  Conv2dBackwardPush push = backward_push(x, w, dy, o);
  push.dy = r.in(n, 0);
  push.weight = r.in(n, 1);
  push.result = r.out(n);
  // Rows of the largest phase.
  const int64_t phases = int64_t{o.stride.y} * o.stride.x;
  const int64_t rows =
      x[0] * ((x[1] + o.stride.y - 1) / o.stride.y) * ((x[2] + o.stride.x - 1) / o.stride.x);
  const uint32_t fours = x[3] % 4 == 0;
  const DType type = n.inputs[1].dtype();
  if (r.traits().cpu) {
    const LanesTile t =
        lanes_tile(r, n, {.rows = rows, .cols = x[3], .depth = dy[3], .tests_rows = true});
    push.row_groups = u32(t.groups.rows);
    r.dispatch(kernels::conv2d_dx_lanes, type, t.constants().with({{Constant::WHOLE_FOURS, fours}}),
               push, t.groups.all(phases));
  } else {
    const SharedTile t = shared_tile(r, n, rows, x[3]);
    push.row_groups = u32(t.groups.rows);
    r.dispatch(kernels::conv2d_dx_tiles, type,
               t.constants().with(
                   {{Constant::WHOLE_FOURS, fours}, {Constant::DEPTH_FOURS, dy[3] % 4 == 0}}),
               push, t.groups.all(phases));
  }
}

double dx_flop(const Node& n) {
  const Shape& w = n.in(1);
  return 2.0 * n.in(0).elements() * w[0] * w[1] * w[2];
}

// Inputs: x, dy.
Shape weight_of(const Node& n) {
  const auto a = n.as<Conv2dBackwardAttribute>();
  return {a.height, a.width, n.in(0)[3] / a.options.groups, n.in(1)[3]};
}

// A CPU driver walks lines of y, a GPU all its pixels alike.
Split dw_split(const Node& n, bool cpu) {
  const Shape w = weight_of(n), &dy = n.in(1);
  const int64_t lines = dy[0] * dy[1];
  return cpu ? split_for_cpu({w[0] * w[1] * w[3], w[2]}, lines, dy[2], n.inputs[0].dtype())
             : split_for_gpu({w.rows(), w[3]}, lines * dy[2]);
}

std::vector<TensorType> dw_outputs(const Node& n) {
  const Shape w = weight_of(n);
  if (is_plain(n.as<Conv2dBackwardAttribute>().options)) {
    const int64_t parts = conv2d_plain_parts(n.in(1));
    const TensorType scratch = {{parts, parts > 1 ? w.elements() : 1}, DType::f32};
    return {{w, DType::f32}, scratch};
  }
  return outputs_in_parts(w, dw_split(n, false), dw_split(n, true));
}

void dw_record(const Node& n, Recorder& r) {
  if (is_plain(n.as<Conv2dBackwardAttribute>().options)) return record_conv2d_plain_dw(n, r);
  const Shape &x = n.in(0), &dy = n.in(1), &w = n.out();
  const Split split = dw_split(n, r.traits().cpu);
  const uint32_t fours = w[3] % 4 == 0;
  const DType type = n.inputs[0].dtype();
  for (int64_t first = 0; first < split.part; first += split.chunk) {
    Conv2dBackwardPush push = backward_push(x, w, dy, n.as<Conv2dBackwardAttribute>().options);
    push.x = r.in(n, 0);
    push.dy = r.in(n, 1);
    push.result = parts_address(n, r, split);
    push.part = u32(split.part);
    push.first = u32(first);
    push.chunk = u32(split.chunk);
    if (r.traits().cpu) {
      const LanesTile t =
          lanes_tile(r, n, {.rows = w[3], .cols = w[2], .depth = dy[2], .mends_end = true});
      push.row_groups = u32(t.groups.rows);
      r.dispatch(kernels::conv2d_dw_lanes, type,
                 t.constants().with({{Constant::WHOLE_FOURS, w[2] % 4 == 0},
                                     {Constant::BLOCKS, fours && w[2] % 4 == 0 && t.rows >= 4}}),
                 push, t.groups.all(w[0] * w[1] * split.parts));
    } else {
      const SharedTile t = shared_tile(r, n, w.rows(), w[3]);
      push.row_groups = u32(t.groups.rows);
      r.dispatch(kernels::conv2d_dw_tiles, type,
                 t.constants().with(
                     {{Constant::WHOLE_FOURS, fours}, {Constant::ROW_FOURS, w[2] % 4 == 0}}),
                 push, t.groups.all(split.parts));
    }
  }
  merge_parts(n, r, split);
}

double dw_flop(const Node& n) {
  const Shape& w = n.out();
  return 2.0 * n.in(1).elements() * w[0] * w[1] * w[2];
}

const Op dx_op = {"conv2d.dx", dx_outputs, dx_record, dx_flop};
const Op dw_op = {"conv2d.dw", dw_outputs, dw_record, dw_flop};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Gradients grads(n.inputs.size());
  const auto [o, e] = n.as<Conv2dAttribute>();
  const auto attribute = [&options = o](const Shape& shape, int height_axis) {
    return Conv2dBackwardAttribute{options, static_cast<int>(shape[height_axis]),
                                   static_cast<int>(shape[height_axis + 1])};
  };
  if (wanted[0]) grads[0] = dy.graph->node(dx_op, {dy, n.inputs[1]}, attribute(n.in(0), 1));
  if (wanted[1]) grads[1] = dy.graph->node(dw_op, {n.inputs[0], dy}, attribute(n.in(1), 0));
  if (e.bias && wanted[e.bias_input()]) grads[e.bias_input()] = column_sum(dy);
  if (e.residual && wanted[e.residual_input()]) grads[e.residual_input()] = dy;
  return grads;
}

const Op conv2d_op = {"conv2d", outputs, record, flop, backward};

}  // namespace

Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Conv2d options, Tensor residual) {
  std::vector<Tensor> inputs = {x, weight};
  if (bias) inputs.push_back(bias);
  if (residual) inputs.push_back(residual);
  return x.graph->node(conv2d_op, std::move(inputs),
                       Conv2dAttribute{options, {bool(bias), bool(residual)}});
}

}  // namespace lacuna
