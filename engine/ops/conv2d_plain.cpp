// Convolutions with dilation or groups (shaders/conv2d_plain.comp).
#include "shaders/conv2d_plain.h"

#include <algorithm>

#include "base/error.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

uint32_t u32(int64_t value) { return static_cast<uint32_t>(value); }

constexpr uint32_t local = 64;

Conv2dPlainPush push_of(const Shape& x, const Shape& w, const Shape& y, const Conv2d& o) {
  return {.images = u32(x[0]),
          .in_height = u32(x[1]),
          .in_width = u32(x[2]),
          .channels = u32(x[3]),
          .out_height = u32(y[1]),
          .out_width = u32(y[2]),
          .out_channels = u32(y[3]),
          .kernel_height = u32(w[0]),
          .kernel_width = u32(w[1]),
          .stride_y = u32(o.stride.y),
          .stride_x = u32(o.stride.x),
          .top = u32(o.padding.top),
          .left = u32(o.padding.left),
          .dilation_y = u32(o.dilation.y),
          .dilation_x = u32(o.dilation.x),
          .groups = u32(o.groups)};
}

// `loops`: iterations of an invocation.
void dispatch(Recorder& r, const Kernel& kernel, KernelTypes types, const Conv2dPlainPush& push,
              Epilogue e, int64_t invocations, int64_t loops) {
  // Some drivers end an invocation's loops silently after 65,535 iterations.
  constexpr int64_t most = 65000;
  if (loops > most)
    throw InputError(
        "[conv2d] expects at most {} products for one element with dilation or groups, not {}",
        most, loops);
  r.dispatch(kernel, types,
             {{Constant::LOCAL, local},
              {Constant::WIDTH, width_of(push.out_channels / push.groups)},
              {Constant::STEPS, 1},
              {Constant::BIAS, e.bias},
              {Constant::RESIDUAL, e.residual}},
             push, Recorder::fold((invocations + local - 1) / local));
}

// Lines of dy that one part of dW sums: few enough for the limit on loops, and short enough to keep
// a large device busy.
int64_t lines_of_part(const Shape& dy) { return std::max<int64_t>(1, 4096 / dy[2]); }

}  // namespace

void record_conv2d_plain(const Node& n, Recorder& r) {
  const Shape &x = n.in(0), &w = n.in(1), &y = n.out();
  const auto [o, e] = n.as<Conv2dAttribute>();
  Conv2dPlainPush push = push_of(x, w, y, o);
  push.x = r.in(n, 0);
  push.weight = r.in(n, 1);
  push.bias = e.bias ? r.in(n, e.bias_input()) : 0;
  push.residual = e.residual ? r.in(n, e.residual_input()) : 0;
  push.y = r.out(n);
  const uint32_t width = width_of(y[3] / o.groups);
  dispatch(r, kernels::conv2d_plain_forward, {n.dtype(), n.inputs[1].dtype()}, push, e,
           y.elements() / width, w[0] * w[1] * (w[2] + 1));
}

void record_conv2d_plain_dx(const Node& n, Recorder& r) {
  const Shape &dy = n.in(0), &w = n.in(1), &x = n.out();
  const Conv2d o = n.as<Conv2dBackwardAttribute>().options;
  Conv2dPlainPush push = push_of(x, w, dy, o);
  push.dy = r.in(n, 0);
  push.weight = r.in(n, 1);
  push.result = r.out(n);
  dispatch(r, kernels::conv2d_plain_dx, n.inputs[1].dtype(), push, {}, x.elements(),
           w[0] * w[1] * (dy[3] / o.groups / width_of(dy[3] / o.groups) + 1));
}

int64_t conv2d_plain_parts(const Shape& dy) {
  const int64_t lines = dy[0] * dy[1], part = lines_of_part(dy);
  return (lines + part - 1) / part;
}

void record_conv2d_plain_dw(const Node& n, Recorder& r) {
  const Shape &x = n.in(0), &dy = n.in(1), &w = n.out();
  const Conv2d o = n.as<Conv2dBackwardAttribute>().options;
  const int64_t parts = conv2d_plain_parts(dy);
  Conv2dPlainPush push = push_of(x, w, dy, o);
  push.x = r.in(n, 0);
  push.dy = r.in(n, 1);
  push.result = parts > 1 ? r.out(n, 1) : r.out(n);
  push.part = u32(lines_of_part(dy));
  dispatch(r, kernels::conv2d_plain_dw, n.inputs[0].dtype(), push, {},
           parts * w.elements() / width_of(dy[3] / o.groups), lines_of_part(dy) * (dy[2] + 1));
  if (parts > 1) record_row_sums(r, r.back(n, 1), r.out(n), {1, parts, w.elements(), parts});
}

}  // namespace lacuna
