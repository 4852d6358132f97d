// The gradient of attention's mask (shaders/attention_mask.comp).
#include "shaders/attention_mask.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

enum Input { Q, K, V, DY, LOG_SUM, DELTA, MASK };

uint32_t u32(int64_t value) { return static_cast<uint32_t>(value); }

// How the terms of one element, of all of the batch, heads and queries that share it, are split.
struct Terms {
  int64_t part, parts;

  explicit Terms(const Node& n) {
    const Shape &q = n.in(Q), &k = n.in(K), &mask = n.in(MASK);
    const int64_t heads = n.as<Attention>().heads, head = q[2] / heads;
    const int64_t all = q[0] * heads * q[1] * k[1] / mask.elements();
    // Some drivers end an invocation's loops silently after 65,535 iterations. Fewer terms keep a
    // large device busy.
    part = std::clamp<int64_t>(65000 / (head / width_of(head) + 1), 1, 512);
    part = std::min(part, all);
    parts = (all + part - 1) / part;
  }
};

std::vector<TensorType> outputs(const Node& n) {
  const Terms terms(n);
  const Shape& mask = n.in(MASK);
  const Shape scratch = {terms.parts, terms.parts > 1 ? mask.elements() : 1};
  expect_size(n, scratch);
  return {{mask, DType::f32}, {scratch, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const Shape &q = n.in(Q), &k = n.in(K), &mask = n.in(MASK);
  const auto [heads, causal, masked] = n.as<Attention>();
  const int64_t head = q[2] / heads;
  const Terms terms(n);
  Elementwise e(r, terms.parts * mask.elements(), {head});
  e.steps = 1;
  e.count = u32(terms.parts * mask.elements());  // single elements, whatever the width of rows
  r.dispatch(kernels::attention_mask_backward, n.inputs[Q].dtype(),
             e.constants().with({{Constant::CAUSAL, causal}}),
             AttentionMaskPush{.q = r.in(n, Q),
                               .k = r.in(n, K),
                               .v = r.in(n, V),
                               .dy = r.in(n, DY),
                               .log_sum = r.in(n, LOG_SUM),
                               .delta = r.in(n, DELTA),
                               .mask = r.in(n, MASK),
                               .result = r.out(n, terms.parts > 1 ? 1 : 0),
                               .batch = u32(q[0]),
                               .heads = u32(heads),
                               .queries = u32(q[1]),
                               .keys = u32(k[1]),
                               .mask_batch = u32(mask[0]),
                               .mask_heads = u32(mask[1]),
                               .mask_queries = u32(mask[2]),
                               .parts = u32(terms.parts),
                               .part = u32(terms.part),
                               .vectors = e.vectors(head),
                               .scale = static_cast<float>(1.4426950408889634 / std::sqrt(head))},
             e.groups());
  if (terms.parts > 1)
    record_row_sums(r, r.back(n, 1), r.out(n), {1, terms.parts, mask.elements(), terms.parts});
}

double flop(const Node& n) { return 4.0 * n.in(Q).elements() * n.in(K)[1]; }

}  // namespace

const Op attention_dmask_op = {"attention.dmask", outputs, record, flop};

}  // namespace lacuna
