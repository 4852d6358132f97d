// The gradient of attention as up to three nodes: delta, dq, and dk with dv
// (shaders/attention_backward.comp, shaders/attention_backward_lanes.comp).
#include "shaders/attention_backward.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/sum_rows.h"
#include "shaders/attention_delta.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// Inputs of delta: y, dy. Of the others, the mask, if there is one, comes last, and delta is
// missing if neither dq nor dk is wanted:
enum Input { Q, K, V, DY, LOG_SUM, DELTA };

struct Options {
  int heads;
  bool causal, masked, dk, dv;
};
int mask_input(const Node& n) { return static_cast<int>(n.inputs.size()) - 1; }

std::vector<TensorType> delta_outputs(const Node& n) {
  const Shape& y = n.in(0);
  return {{{y[0], n.as<Options>().heads, y[1]}, DType::f32}};
}

void record_delta(const Node& n, Recorder& r) {
  const Shape& y = n.in(0);
  const int64_t heads = n.as<Options>().heads, head = y[2] / heads;
  Elementwise e(r, y.elements(), {head});
  e.steps = 1;
  const auto count = static_cast<uint32_t>(n.out().elements());
  const AttentionDeltaPush push{.y = r.in(n, 0),
                                .dy = r.in(n, 1),
                                .delta = r.out(n),
                                .count = count,
                                .terms = e.vectors(head),
                                .heads = divisor(static_cast<uint32_t>(heads)),
                                .queries = divisor(static_cast<uint32_t>(y[1]))};
  r.dispatch(kernels::attention_delta_forward, n.inputs[0].dtype(), e.constants(), push,
             Recorder::fold((count + e.local - 1) / e.local));
}

// How a kernel for CPU drivers is cut for one head size; `slice` and `fours` count fours of
// channels.
struct LanesCut {
  uint32_t lanes, owned, met, slice, fours;
};

// `count` in equal pieces of at most `most`.
uint32_t even(uint32_t count, uint32_t most) {
  const uint32_t pieces = (count + most - 1) / most;
  return (count + pieces - 1) / pieces;
}

LanesCut lanes_cut(const DeviceTraits& traits, uint32_t fours, uint32_t owned) {
  LanesCut c{};
  // State lies in the first-level cache: a, b, da and db of 8 lanes x 3 rows x 40 channels are
  // 15 KiB. More of it is not faster, and the time to compile grows faster than the state.
  c.lanes = std::clamp<uint32_t>(traits.subgroup_size, 4, 16);
  c.owned = fours <= 8 ? 4 : fours <= 12 ? 3 : fours <= 32 ? 2 : fours <= 40 ? 1 : 2;
  c.owned = std::min(c.owned, (owned + c.lanes - 1) / c.lanes);
  c.met = fours <= 5 ? 4 : fours <= 16 ? 2 : fours <= 40 ? 1 : 4;
  c.slice = fours <= 40 ? fours : even(fours, 8);
  c.fours = even(fours, 44);
  return c;
}

// Into how many parts dk and dv are summed, where there are too few keys to fill a large device.
int64_t parts_of(const Node& n) {
  const int64_t groups = n.in(Q)[0] * n.as<Options>().heads * ((n.in(K)[1] + 63) / 64);
  return std::clamp<int64_t>(256 / groups, 1, (n.in(Q)[1] + 255) / 256);
}

// How many rows a dispatch on a CPU driver meets; the next one goes on.
uint32_t rows_at_a_time(const LanesCut& c, uint32_t head) {
  // Old lavapipe ends an invocation's loops after 65,535 iterations.
  const uint32_t slices = ((head + 3) / 4 + c.slice - 1) / c.slice;
  const uint32_t most = 65000 / (slices + 1) * c.met;
  // All groups read the same rows, which should still be in a core's second-level cache: of a row
  // of 40 channels four cache lines of A and as many of B.
  return std::min(most, std::max((256u << 10) / (8 * head + 128), 64u));
}

// One of the two kernels, seen from the rows that its invocations own.
struct Side {
  const Kernel &kernel, &lanes_kernel;
  int64_t owned, met, parts;
  bool da, db;
};

// Several dispatches that add up where there are many rows to be met; push_of makes the addresses
// of one.
template <typename PushOf>
void record_lanes(const Node& n, Recorder& r, const Side& side, uint32_t head, PushOf push_of) {
  const uint32_t fours = (head + 3) / 4, parts = static_cast<uint32_t>(side.parts);
  AttentionBackwardPush push = push_of();
  const LanesCut c = lanes_cut(r.traits(), fours, push.owned);
  const uint32_t rows = even(push.part, rows_at_a_time(c, head)), each = c.lanes * c.owned;
  for (uint32_t first = 0; first < push.part; first += rows) {
    if (first > 0) push = push_of();
    push.first = first;
    push.last = std::min(first + rows, push.part);
    r.dispatch(side.lanes_kernel, n.inputs[Q].dtype(),
               {{Constant::LANES, c.lanes},
                {Constant::OWNED, c.owned},
                {Constant::MET, c.met},
                {Constant::HEAD, head},
                {Constant::SLICE, c.slice},
                {Constant::FOURS, c.fours},
                {Constant::CAUSAL, n.as<Options>().causal},
                {Constant::MASKED, n.as<Options>().masked},
                {Constant::WANT_DA, side.da},
                {Constant::WANT_DB, side.db}},
               push,
               {(push.owned + each - 1) / each, push.batch * push.heads,
                parts * ((fours + c.fours - 1) / c.fours)});
  }
}

template <typename AddressesOf>
void record_side(const Node& n, Recorder& r, const Side& side, AddressesOf addresses_of) {
  const Options o = n.as<Options>();
  const Shape& q = n.in(Q);
  const auto head = static_cast<uint32_t>(q[2] / o.heads);
  const MaskPitches pitches = o.masked ? MaskPitches(n.in(mask_input(n))) : MaskPitches();
  const auto push_of = [&] {
    AttentionBackwardPush push = addresses_of();
    push.owned = static_cast<uint32_t>(side.owned);
    push.met = static_cast<uint32_t>(side.met);
    push.part = static_cast<uint32_t>((side.met + side.parts - 1) / side.parts);
    push.batch = static_cast<uint32_t>(q[0]);
    push.heads = static_cast<uint32_t>(o.heads);
    push.scale = static_cast<float>(1.4426950408889634 / std::sqrt(head));
    push.mask_batch = pitches.batch;
    push.mask_head = pitches.head;
    push.mask_query = pitches.query;
    return push;
  };
  if (r.traits().cpu) return record_lanes(n, r, side, head, push_of);
  // Sums of 80 channels of both gradients take 80 registers.
  const AttentionTile t = attention_tile(r, n, head, side.da && side.db ? 20 : 40);
  const AttentionBackwardPush push = push_of();
  r.dispatch(
      side.kernel, n.inputs[Q].dtype(),
      {{Constant::LOCAL, t.local},
       {Constant::HEAD, head},
       {Constant::FOURS, t.fours},
       {Constant::CAUSAL, o.causal},
       {Constant::MASKED, o.masked},
       {Constant::WANT_DA, side.da},
       {Constant::WANT_DB, side.db}},
      push,
      {t.groups(push.owned), push.batch * push.heads, static_cast<uint32_t>(side.parts) * t.parts});
}

AttentionBackwardPush inputs_of(const Node& n, Recorder& r) {
  const bool masked = n.as<Options>().masked;
  const size_t given = n.inputs.size() - masked;
  const uint64_t log_sum = r.in(n, LOG_SUM);
  return {.q = r.in(n, Q),
          .k = r.in(n, K),
          .v = r.in(n, V),
          .dy = r.in(n, DY),
          .log_sum = log_sum,
          .delta = given > DELTA ? r.in(n, DELTA) : log_sum,
          .mask = masked ? r.in(n, mask_input(n)) : 0};
}

std::vector<TensorType> dq_outputs(const Node& n) { return {{n.in(Q), DType::f32}}; }

void record_dq(const Node& n, Recorder& r) {
  const Side side = {kernels::attention_backward_dq,
                     kernels::attention_backward_lanes_dq,
                     n.in(Q)[1],
                     n.in(K)[1],
                     1,
                     true,
                     false};
  record_side(n, r, side, [&] {
    AttentionBackwardPush push = inputs_of(n, r);
    push.da = r.out(n);
    return push;
  });
}

// dk and dv, as far as wanted, and their parts where there are several.
std::vector<TensorType> dkv_outputs(const Node& n) {
  const Options o = n.as<Options>();
  const Shape& k = n.in(K);
  const int64_t parts = parts_of(n), wanted = int{o.dk} + int{o.dv};
  std::vector<TensorType> types(static_cast<size_t>(wanted), {k, DType::f32});
  if (parts > 1) {
    types.push_back({{wanted * parts, k.elements()}, DType::f32});
    expect_size(n, types.back().shape);
  }
  return types;
}

void record_dkv(const Node& n, Recorder& r) {
  const Options o = n.as<Options>();
  const Shape& k = n.in(K);
  const int64_t parts = parts_of(n);
  const int wanted = int{o.dk} + int{o.dv};
  const uint64_t part_bytes = static_cast<uint64_t>(parts * k.elements()) * sizeof(float);
  const Side side = {kernels::attention_backward_dkv,
                     kernels::attention_backward_lanes_dkv,
                     k[1],
                     n.in(Q)[1],
                     parts,
                     o.dk,
                     o.dv};
  record_side(n, r, side, [&] {
    AttentionBackwardPush push = inputs_of(n, r);
    uint64_t to[2];
    for (int i = 0; i < wanted; i++)
      to[i] = parts == 1 ? r.out(n, i) : r.out(n, wanted) + i * part_bytes;
    push.da = to[0];
    push.db = to[wanted - 1];
    return push;
  });
  for (int i = 0; i < wanted && parts > 1; i++)
    record_row_sums(r, r.back(n, wanted) + i * part_bytes, r.out(n, i),
                    {1, parts, k.elements(), parts});
}

// Products of Tq x Tk x C; causal attention needs half of each.
double flop(const Node& n, int products) {
  const double all = 2.0 * products * n.in(Q).elements() * n.in(K)[1];
  return n.as<Options>().causal ? all / 2 : all;
}
double dq_flop(const Node& n) { return flop(n, 3); }
double dkv_flop(const Node& n) {
  return flop(n, 1 + (n.as<Options>().dk ? 2 : 0) + (n.as<Options>().dv ? 1 : 0));
}

const Op delta_op = {"attention.delta", delta_outputs, record_delta};
const Op dq_op = {"attention.dq", dq_outputs, record_dq, dq_flop};
const Op dkv_op = {"attention.dkv", dkv_outputs, record_dkv, dkv_flop};

}  // namespace

Gradients attention_backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Graph& graph = *dy.graph;
  const auto [heads, causal, masked] = n.as<Attention>();
  const bool dmask = masked && wanted[3];
  const Options o{heads, causal, masked, wanted[1], wanted[2]};
  const Tensor y = n.outputs[0];
  std::vector<Tensor> inputs = {n.inputs[0], n.inputs[1], n.inputs[2], dy, n.outputs[1]};
  if (wanted[0] || wanted[1] || dmask) inputs.push_back(graph.node(delta_op, {y, dy}, o));
  if (masked) inputs.push_back(n.inputs[3]);
  Gradients gradients(n.inputs.size());
  if (dmask) gradients[3] = graph.node(attention_dmask_op, inputs, n.attributes);
  if (wanted[0]) gradients[0] = graph.node(dq_op, inputs, o);
  if (wanted[1] || wanted[2]) {
    const Outputs outputs = graph.node(dkv_op, inputs, o);
    if (wanted[1]) gradients[1] = outputs[0];
    if (wanted[2]) gradients[2] = outputs[wanted[1] ? 1 : 0];
  }
  return gradients;
}

}  // namespace lacuna
