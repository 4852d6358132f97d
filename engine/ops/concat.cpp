#include "shaders/concat.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Shape &a = n.in(0), &b = n.in(1);
  if (with_last(a, 1) != with_last(b, 1))
    throw InputError("[concat] expects shapes that differ in the last axis only, not {} and {}",
                     a.str(), b.str());
  const Shape y = with_last(a, a.last() + b.last());
  expect_size(n, y);
  return {{y, n.inputs[0].dtype()}};
}

void record(const Node& n, Recorder& r) {
  const int64_t a = n.in(0).last(), b = n.in(1).last();
  const Elementwise e(r, n.out().elements(), {a, b});
  r.dispatch(kernels::concat_forward, n.dtype(), {e.local, e.width, e.steps},
             ConcatPush{r.in(n, 0), r.in(n, 1), r.out(n), e.count, e.vectors(a), e.vectors(b),
                        e.by(a + b)},
             e.groups());
}

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  const int64_t a = n.in(0).last(), b = n.in(1).last();
  return {wanted[0] ? slice(dy, 0, a) : Tensor{}, wanted[1] ? slice(dy, a, b) : Tensor{}};
}

const Op op = {"concat", outputs, record, nullptr, backward};

}  // namespace

Tensor concat(Tensor a, Tensor b) { return a.graph->node(op, {a, b}); }

}  // namespace lacuna
