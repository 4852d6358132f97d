// Sums: of equal shapes, and of an image with one number per channel.
#include "shaders/add.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> add_outputs(const Node& n) {
  expect_floats(n);
  if (n.in(0) != n.in(1))
    throw InputError("[add] expects equal shapes, not {} and {}", n.in(0).str(), n.in(1).str());
  return {n.inputs[0].type};
}

void record_add(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(kernels::add_forward, n.dtype(), e.constants(),
             AddPush{r.in(n, 0), r.in(n, 1), r.out(n), e.count, {}, {}}, e.groups());
}

Gradients add_backward(const Node&, Tensor dy, const Wanted&) { return {dy, dy}; }

std::vector<TensorType> add_channel_outputs(const Node& n) {
  expect_floats(n);
  const Shape& x = n.in(0);
  if (x.rank() < 2 || n.in(1) != Shape{x[0], x.last()})
    throw InputError("[add_channel] expects x [N,...,C] and bias [N,C], not {} and {}", x.str(),
                     n.in(1).str());
  return {n.inputs[0].type};
}

void record_add_channel(const Node& n, Recorder& r) {
  const Shape& x = n.in(0);
  const Elementwise e(r, x.elements(), {x.last()});
  r.dispatch(
      kernels::add_channel, n.dtype(), e.constants(),
      AddPush{r.in(n, 0), r.in(n, 1), r.out(n), e.count, e.by(x.last()), e.by(x.elements() / x[0])},
      e.groups());
}

Gradients add_channel_backward(const Node&, Tensor dy, const Wanted& wanted) {
  return {wanted[0] ? dy : Tensor{}, wanted[1] ? sum_rows(dy) : Tensor{}};
}

const Op add_op = {"add", add_outputs, record_add, nullptr, add_backward};
const Op add_channel_op = {"add_channel", add_channel_outputs, record_add_channel, nullptr,
                           add_channel_backward};

}  // namespace

Tensor add(Tensor a, Tensor b) { return a.graph->node(add_op, {a, b}); }
Tensor add_channel(Tensor x, Tensor bias) { return x.graph->node(add_channel_op, {x, bias}); }

}  // namespace lacuna
