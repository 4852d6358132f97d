// Multi-head attention (Vaswani et al. 2017) as one kernel; heads are slices of the channels.
#include "shaders/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "engine/ops.h"
#include "engine/ops/attention.h"
#include "engine/recorder.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

void expect_mask(const Tensor& mask, const Shape& scores) {
  const Shape& m = mask.shape();
  bool fits = mask.dtype() == DType::f32 && m.rank() == 4 && m[3] == scores[3];
  for (int axis = 0; axis < 3 && fits; axis++) fits = m[axis] == 1 || m[axis] == scores[axis];
  if (!fits)
    throw InputError(
        "[attention] expects a mask in f32 shaped like the scores, {}, or 1 along its first axes, "
        "not {} {}",
        scores.str(), name_of(mask.dtype()), m.str());
}

std::vector<TensorType> outputs(const Node& n) {
  const Shape &q = n.in(0), &k = n.in(1), &v = n.in(2);
  const auto [heads, causal, masked] = n.as<Attention>();
  if (q.rank() != 3 || k.rank() != 3 || k != v || q[0] != k[0] || q[2] != k[2])
    throw InputError("[attention] expects q [B,Tq,C], k and v [B,Tk,C], not {}, {} and {}", q.str(),
                     k.str(), v.str());
  if (heads < 1 || q[2] % heads != 0)
    throw InputError("[attention] expects a number of heads that divides {} channels, not {}", q[2],
                     heads);
  for (int i = 1; i < 3; i++)
    if (n.inputs[i].dtype() != n.inputs[0].dtype())
      throw InputError("[attention] expects q, k and v of one storage type, not {} and {}",
                       name_of(n.inputs[0].dtype()), name_of(n.inputs[i].dtype()));
  if (masked) {
    expect_mask(n.inputs[3], {q[0], heads, q[1], k[1]});
    expect_size(n, n.in(3));
  }
  return {n.inputs[0].type, {Shape{q[0], heads, q[1]}, DType::f32}};
}

// How the kernel for CPU drivers is cut for one head size; counts are fours of channels.
struct LanesCut {
  uint32_t lanes, queries, keys, slice, fours;
};

// The largest divisor of `count` that is at most `limit`.
uint32_t divisor(uint32_t count, uint32_t limit) {
  uint32_t best = std::min(count, limit);
  while (count % best != 0) best--;
  return best;
}

LanesCut lanes_cut(const Recorder& r, const Node& n, uint32_t head_fours) {
  LanesCut c{};
  // State lies in the first-level cache: q and o of 8 lanes x 8 queries x 40 channels are 20 KiB.
  // More keys at a time are hardly faster and compile for seconds.
  c.lanes = std::clamp<uint32_t>(r.traits().subgroup_size, 4, 16);
  c.queries = head_fours <= 12 ? 8 : 4;
  while (c.queries > 1 && c.lanes * c.queries / 2 >= n.in(0)[1]) c.queries /= 2;
  c.keys = head_fours <= 5 ? 8 : 4;
  // Wider heads read q by slices, and several groups share their channels of y.
  const uint32_t parts = (head_fours + 39) / 40;
  c.slice = head_fours <= 20 ? head_fours : divisor(head_fours, 20);
  c.fours = (head_fours + parts - 1) / parts;
  // Keys at a time stay: another grouping would round otherwise.
  std::vector<uint32_t> codes = {c.queries};
  for (const uint32_t queries : {2u, 4u, 8u})
    if (queries != c.queries) codes.push_back(queries);
  c.queries = r.choose(n, codes);
  return c;
}

void record_lanes(const Node& n, Recorder& r, const AttentionPush& push, uint32_t head) {
  const uint32_t head_fours = (head + 3) / 4;
  const LanesCut c = lanes_cut(r, n, head_fours);
  // Old lavapipe ends an invocation's loops after 65,535 iterations.
  const uint32_t blocks = (push.keys + c.keys - 1) / c.keys;
  if (blocks * (c.slice == head_fours ? 1 : head_fours / c.slice + 1) > 65000)
    throw InputError("[attention] expects fewer than {} keys of {} channels", push.keys, head);
  const uint32_t each = c.lanes * c.queries;
  r.dispatch(kernels::attention_lanes_forward, n.dtype(),
             {{Constant::LANES, c.lanes},
              {Constant::QUERIES, c.queries},
              {Constant::KEYS, c.keys},
              {Constant::HEAD, head},
              {Constant::SLICE, c.slice},
              {Constant::FOURS, c.fours},
              {Constant::CAUSAL, n.as<Attention>().causal},
              {Constant::MASKED, n.as<Attention>().masked}},
             push,
             {(push.queries + each - 1) / each, static_cast<uint32_t>(n.in(0)[0]) * push.heads,
              (head_fours + c.fours - 1) / c.fours});
}

void record(const Node& n, Recorder& r) {
  const Shape &q = n.in(0), &k = n.in(1);
  const Attention o = n.as<Attention>();
  const auto head = static_cast<uint32_t>(q[2] / o.heads);
  const MaskPitches pitches = o.masked ? MaskPitches(n.in(3)) : MaskPitches();
  const AttentionPush push{.q = r.in(n, 0),
                           .k = r.in(n, 1),
                           .v = r.in(n, 2),
                           .y = r.out(n, 0),
                           .log_sum = r.out(n, 1),
                           .mask = o.masked ? r.in(n, 3) : 0,
                           .queries = static_cast<uint32_t>(q[1]),
                           .keys = static_cast<uint32_t>(k[1]),
                           .heads = static_cast<uint32_t>(o.heads),
                           .scale = static_cast<float>(1.4426950408889634 / std::sqrt(head)),
                           .mask_batch = pitches.batch,
                           .mask_head = pitches.head,
                           .mask_query = pitches.query};
  if (r.traits().cpu) return record_lanes(n, r, push, head);
  // Sums of 160 channels take 80 registers.
  const AttentionTile t = attention_tile(r, n, head, 40);
  r.dispatch(kernels::attention_forward, n.dtype(),
             {{Constant::LOCAL, t.local},
              {Constant::HEAD, head},
              {Constant::FOURS, t.fours},
              {Constant::CAUSAL, o.causal},
              {Constant::MASKED, o.masked}},
             push, {t.groups(push.queries), static_cast<uint32_t>(q[0] * o.heads), t.parts});
}

// Two products of Tq x Tk x C; causal attention needs half.
double flop(const Node& n) {
  const double both = 4.0 * n.in(0).elements() * n.in(1)[1];
  return n.as<Attention>().causal ? both / 2 : both;
}

const Op attention_op = {"attention", outputs, record, flop, attention_backward};

}  // namespace

AttentionTile attention_tile(const Recorder& r, const Node& n, uint32_t head, uint32_t most) {
  const uint32_t head_fours = (head + 3) / 4;
  AttentionTile t{};
  t.parts = (head_fours + most - 1) / most;
  t.fours = (head_fours + t.parts - 1) / t.parts;
  std::vector<uint32_t> codes = {128};
  // See the shader.
  for (const uint32_t local : {64u, 256u})
    if (local <= r.traits().max_workgroup_size && 96 * local + 2560 <= r.traits().max_shared_bytes)
      codes.push_back(local);
  t.local = r.choose(n, codes);
  return t;
}

Tensor attention(Tensor q, Tensor k, Tensor v, int heads, bool causal, Tensor mask) {
  std::vector<Tensor> inputs = {q, k, v};
  if (mask) inputs.push_back(mask);
  return q.graph->node(attention_op, std::move(inputs), Attention{heads, causal, bool(mask)});
}

}  // namespace lacuna
