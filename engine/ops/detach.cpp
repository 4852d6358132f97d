// Where gradients end: for a whole tensor, or for the first tokens of each sentence.
#include "shaders/detach.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> same(const Node& n) {
  expect_floats(n);
  return {n.inputs[0].type};
}

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  const auto detached = n.as<int64_t>();
  if (x.rank() != 3 || detached < 0 || detached > x[1])
    throw InputError("[detach_tokens] expects x [B,T,C] and 0 to T tokens, not {} and {}", x.str(),
                     detached);
  return same(n);
}

void record(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().last()});
  r.dispatch(kernels::detach_forward, n.dtype(), e.constants(),
             DetachPush{.x = r.in(n, 0), .y = r.out(n), .count = e.count, .detached = 0},
             e.groups());
}

// Input dy.
void record_dx(const Node& n, Recorder& r) {
  const Shape& y = n.out();
  const Elementwise e(r, y.elements(), {y.last()});
  r.dispatch(kernels::detach_backward, DType::f32, e.constants(),
             DetachPush{r.in(n, 0), r.out(n), e.count, static_cast<uint32_t>(n.as<int64_t>()),
                        e.by(y.last()), divisor(static_cast<uint32_t>(y[1]))},
             e.groups());
}

const Op dx_op = {"detach_tokens.dx", same, record_dx};

Gradients backward(const Node& n, Tensor dy, const Wanted&) {
  return {dy.graph->node(dx_op, {dy}, n.as<int64_t>())};
}

const Op tokens_op = {"detach_tokens", outputs, record, nullptr, backward};
const Op all_op = {.name = "detach", .outputs = same, .record = record, .constant = true};

}  // namespace

Tensor detach(Tensor x) { return x.graph->node(all_op, {x}); }

Tensor detach_tokens(Tensor x, int64_t count) {
  return count == 0 ? x : x.graph->node(tokens_op, {x}, count);
}

}  // namespace lacuna
