#include "engine/peak.h"

#include "base/error.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"
#include "shaders/peak.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  if (n.inputs[0].dtype() != DType::f32)
    throw InputError("[{}] expects f32, not {}", n.op->name, name_of(n.inputs[0].dtype()));
  expect_size(n, n.in(0));
  return {n.inputs[0].type};
}

std::vector<TensorType> fma_outputs(const Node& n) {
  const auto steps = n.as<int64_t>();
  if (steps < 0 || steps % PEAK_UNROLLED != 0 || steps > 1 << 20)
    throw InputError("[peak.fma] expects a multiple of {} steps up to 2^20, not {}", PEAK_UNROLLED,
                     steps);
  return outputs(n);
}

void record_fma(const Node& n, Recorder& r) {
  Elementwise e(r, n.out().elements(), {n.out().elements()});
  e.steps = 1;  // each vector is work enough
  r.dispatch(kernels::peak_fma, DType::f32, e.constants(),
             PeakPush{.x = r.in(n, 0),
                      .y = r.out(n),
                      .count = e.count,
                      .steps = static_cast<uint32_t>(n.as<int64_t>()),
                      .factor = multiply_add_factor,
                      .term = multiply_add_term},
             e.groups());
}

void record_copy(const Node& n, Recorder& r) {
  const Elementwise e(r, n.out().elements(), {n.out().elements()});
  r.dispatch(kernels::peak_copy, DType::f32, e.constants(),
             PeakPush{.x = r.in(n, 0), .y = r.out(n), .count = e.count}, e.groups());
}

double fma_flop(const Node& n) {
  return 2.0 * PEAK_CHAINS * static_cast<double>(n.out().elements() * n.as<int64_t>());
}

const Op fma_op = {"peak.fma", fma_outputs, record_fma, fma_flop};
const Op copy_op = {"peak.copy", outputs, record_copy};

}  // namespace

Tensor multiply_adds(Tensor x, int64_t steps) { return x.graph->node(fma_op, {x}, steps); }
Tensor copy(Tensor x) { return x.graph->node(copy_op, {x}); }

}  // namespace lacuna
