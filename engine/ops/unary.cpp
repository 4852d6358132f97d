#include "engine/error.h"
#include "engine/ops.h"
#include "engine/recorder.h"
#include "shaders/kernels.h"
#include "shaders/unary.h"

namespace lacuna {
namespace {

constexpr uint32_t local = 64;

std::vector<TensorType> same(const Node& n) { return {n.inputs[0].type}; }

void record_silu(const Node& n, Recorder& r) {
  const int64_t count = n.out().elements();
  r.dispatch(kernels::unary_forward, n.dtype(), {local, 0},
             UnaryPush{r.in(n, 0), r.out(n), static_cast<uint32_t>(count)},
             Recorder::fold((count + local - 1) / local));
}

const Op silu_op = {"silu", same, record_silu};

}  // namespace

Tensor silu(Tensor x) { return x.graph->node(silu_op, {x}); }

}  // namespace lacuna
