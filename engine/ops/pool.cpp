// The largest or the mean of the pixels of a window (shaders/pool.comp).
#include "shaders/pool.h"

#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

uint32_t u32(int64_t value) { return static_cast<uint32_t>(value); }

// How many windows there are along one axis.
int64_t windows(int64_t size, int kernel, int stride, int before, int after, bool ceil_mode) {
  const int64_t beyond = size + before + after - kernel;
  const int64_t count = (beyond + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  // A window that begins in the padding behind the image would be empty.
  return ceil_mode && (count - 1) * stride >= size + before ? count - 1 : count;
}

Shape pooled(const Shape& x, const Pool& o) {
  return {x[0], windows(x[1], o.kernel.y, o.stride.y, o.padding.top, o.padding.bottom, o.ceil_mode),
          windows(x[2], o.kernel.x, o.stride.x, o.padding.left, o.padding.right, o.ceil_mode),
          x[3]};
}

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Pool o = n.as<Pool>();
  const Shape& x = n.in(0);
  const auto [top, left, bottom, right] = o.padding;
  if (x.rank() != 4) throw InputError("[{}] expects x [N,H,W,C], not {}", n.op->name, x.str());
  if (std::min({o.kernel.y, o.kernel.x, o.stride.y, o.stride.x}) < 1 ||
      std::min({top, left, bottom, right}) < 0 || std::max(top, bottom) >= o.kernel.y ||
      std::max(left, right) >= o.kernel.x || x[1] + top + bottom < o.kernel.y ||
      x[2] + left + right < o.kernel.x)
    throw InputError(
        "[{}] expects strides from 1 on, padding smaller than the kernel, and an image that is not "
        "smaller with it, not {} with kernel {}x{}, stride {}x{} and padding {}, {}, {}, {}",
        n.op->name, x.str(), o.kernel.y, o.kernel.x, o.stride.y, o.stride.x, top, left, bottom,
        right);
  return {{pooled(x, o), n.inputs[0].dtype()}};
}

// `loops`: the most pixels that an invocation reads one after the other for one of the result.
void record_as(const Kernel& kernel, const Node& n, Recorder& r, DType type, PoolPush push,
               const Shape& x, int64_t loops) {
  const Pool o = n.as<Pool>();
  const Shape y = pooled(x, o), &result = n.out();
  // Some drivers end an invocation's loops silently after 65,535 iterations.
  constexpr int64_t most = 65000;
  if (loops > most)
    throw InputError("[{}] expects windows of fewer pixels than {}x{}", n.op->name, o.kernel.y,
                     o.kernel.x);
  Elementwise e(r, result.elements(), {result.last()});
  e.steps = u32(std::clamp<int64_t>(most / loops, 1, e.steps));
  push.count = e.count;
  push.columns = e.by(result.last());
  push.width = divisor(u32(result[2]));
  push.height = divisor(u32(result[1]));
  push.in_height = u32(x[1]);
  push.in_width = u32(x[2]);
  push.out_height = u32(y[1]);
  push.out_width = u32(y[2]);
  push.kernel_height = u32(o.kernel.y);
  push.kernel_width = u32(o.kernel.x);
  push.stride_y = u32(o.stride.y);
  push.stride_x = u32(o.stride.x);
  push.top = u32(o.padding.top);
  push.left = u32(o.padding.left);
  push.bottom = u32(o.padding.bottom);
  push.right = u32(o.padding.right);
  r.dispatch(kernel, type, e.constants().with({{Constant::COUNT_PADDING, o.count_include_pad}}),
             push, e.groups());
}

// Iterations over one window, and windows that one pixel lies in.
int64_t window_loops(const Pool& o) { return int64_t{o.kernel.y} * (o.kernel.x + 1); }
int64_t windows_of_pixel(const Pool& o) {
  return int64_t{(o.kernel.y - 1) / o.stride.y + 1} * ((o.kernel.x - 1) / o.stride.x + 2);
}

template <const Kernel& kernel>
void record(const Node& n, Recorder& r) {
  record_as(kernel, n, r, n.dtype(), {.x = r.in(n, 0), .y = r.out(n)}, n.in(0),
            window_loops(n.as<Pool>()));
}

// Inputs x and dy.
std::vector<TensorType> max_dx_outputs(const Node& n) { return {{n.in(0), DType::f32}}; }

void record_max_dx(const Node& n, Recorder& r) {
  const Pool o = n.as<Pool>();
  record_as(kernels::pool_max_dx, n, r, n.inputs[0].dtype(),
            {.x = r.in(n, 0), .dy = r.in(n, 1), .dx = r.out(n)}, n.in(0),
            windows_of_pixel(o) * (window_loops(o) + 1));
}

const Op max_dx_op = {"max_pool.dx", max_dx_outputs, record_max_dx};

Gradients max_backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(max_dx_op, {n.inputs[0], dy}, n.attributes)};
}

// Input dy: a mean's gradient needs no x, only its size.
struct Average {
  Pool pool;
  int height, width;
};

std::vector<TensorType> average_dx_outputs(const Node& n) {
  const Average a = n.as<Average>();
  const Shape& dy = n.in(0);
  return {{{dy[0], a.height, a.width, dy[3]}, DType::f32}};
}

void record_average_dx(const Node& n, Recorder& r) {
  record_as(kernels::pool_average_dx, n, r, DType::f32, {.dy = r.in(n, 0), .dx = r.out(n)}, n.out(),
            windows_of_pixel(n.as<Pool>()));
}

const Op average_dx_op = {"average_pool.dx", average_dx_outputs, record_average_dx};

Gradients average_backward(const Node& n, Tensor dy, const Wanted&) {
  const Shape& x = n.in(0);
  return {dy.graph->node(average_dx_op, {dy},
                         Average{n.as<Pool>(), static_cast<int>(x[1]), static_cast<int>(x[2])})};
}

const Op max_op = {"max_pool", outputs, record<kernels::pool_max>, nullptr, max_backward};
const Op average_op = {"average_pool", outputs, record<kernels::pool_average>, nullptr,
                       average_backward};

}  // namespace

Tensor max_pool(Tensor x, const Pool& options) { return x.graph->node(max_op, {x}, options); }
Tensor average_pool(Tensor x, const Pool& options) {
  return x.graph->node(average_op, {x}, options);
}

}  // namespace lacuna
