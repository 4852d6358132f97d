#include "shaders/upsample.h"

#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Size {
  int64_t height, width;
};

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const auto [height, width] = n.as<Size>();
  const Shape& x = n.in(0);
  constexpr int64_t limit = 32768;  // the product of two sizes must have 31 bits
  if (x.rank() != 4 || std::max({x[1], x[2], height, width}) > limit || std::min(height, width) < 1)
    throw InputError(
        "[upsample] expects x [N,H,W,C] and heights and widths from 1 to {}, not {} to {}x{}",
        limit, x.str(), height, width);
  const Shape y = {x[0], height, width, x[3]};
  expect_size(n, y);
  return {{y, n.inputs[0].dtype()}};
}

// `loops`: the most pixels of x that one pixel of y reads one after the other.
void record_as(const Kernel& kernel, const Node& n, Recorder& r, int64_t loops) {
  const Shape &x = n.in(0), &y = n.out();
  Elementwise e(r, y.elements(), {y.last()});
  // Some drivers end an invocation's loops silently after 65,535 iterations.
  constexpr int64_t most = 65000;
  if (loops > most)
    throw InputError("[upsample] expects to enlarge {} at most {} times for a gradient", y.str(),
                     most);
  e.steps = static_cast<uint32_t>(std::clamp<int64_t>(most / loops, 1, e.steps));
  r.dispatch(
      kernel, n.dtype(), e.constants(),
      UpsamplePush{r.in(n, 0), r.out(n), e.count, static_cast<uint32_t>(x[1]),
                   static_cast<uint32_t>(x[2]), e.by(y.last()),
                   divisor(static_cast<uint32_t>(y[2])), divisor(static_cast<uint32_t>(y[1]))},
      e.groups());
}

void record(const Node& n, Recorder& r) { record_as(kernels::upsample_forward, n, r, 1); }

// Input dy.
std::vector<TensorType> dx_outputs(const Node& n) {
  const auto [height, width] = n.as<Size>();
  const Shape& dy = n.in(0);
  return {{{dy[0], height, width, dy[3]}, DType::f32}};
}

void record_dx(const Node& n, Recorder& r) {
  const Shape &dy = n.in(0), &dx = n.out();
  record_as(kernels::upsample_backward, n, r, (dy[1] / dx[1] + 1) * (dy[2] / dx[2] + 1));
}

const Op dx_op = {"upsample.dx", dx_outputs, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(dx_op, {dy}, Size{n.in(0)[1], n.in(0)[2]})};
}

const Op op = {"upsample", outputs, record, nullptr, backward};

}  // namespace

Tensor upsample(Tensor x, int64_t height, int64_t width) {
  return x.graph->node(op, {x}, Size{height, width});
}

}  // namespace lacuna
