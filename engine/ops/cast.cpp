// Storage types: f32 to f16 and back.
#include "shaders/cast.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  const DType type = n.as<DType>();
  expect_floats(n);
  if (type == DType::i32)
    throw InputError("[cast] expects to make f32 or f16, not {}", name_of(type));
  return {{n.in(0), type}};
}

void record(const Node& n, Recorder& r) {
  const bool narrow = n.dtype() == DType::f16;
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  const uint64_t x = r.in(n, 0), y = r.out(n);
  r.dispatch(narrow ? kernels::cast_narrow : kernels::cast_widen, DType::f16, e.constants(),
             narrow ? CastPush{y, x, e.count} : CastPush{x, y, e.count}, e.groups());
}

// Gradients are f32 on both sides.
Gradients backward(const Node&, Tensor dy, const Wanted&) { return {dy}; }

const Op op = {"cast", outputs, record, nullptr, backward};

}  // namespace

Tensor cast(Tensor x, DType type) { return x.dtype() == type ? x : x.graph->node(op, {x}, type); }

}  // namespace lacuna
