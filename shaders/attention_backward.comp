#version 460
// kernel dq f32 f16
// kernel dkv f32 f16
//
// Gradients of y = softmax(q k^T scale) v (Dao 2023, algorithm 2). With L the log-sum-exp of the
// forward pass and delta_i = sum_c dy_ic y_ic, probabilities are computed again:
//
//   P_ij = exp(scale q_i . k_j - L_i)         dS_ij = P_ij (dy_i . v_j - delta_i)
//   dq_i = scale sum_j dS_ij k_j      dk_j = scale sum_i dS_ij q_i      dv_j = sum_i P_ij dy_i
//
// Seen from one side both kernels are the same. A group owns rows a and b (dq: of q and dy; dkv: of
// k and v) and meets rows A and B (k and v; q and dy): from a . A and b . B follow dS and P, and da
// = sum dS A, db = sum P B. Groups (z) share the channels of wide heads and, if few groups own
// many, the rows to be met.
//
// For GPUs (shaders/attention_tile.glsl); attention_backward_lanes.comp is for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/tile_memory.glsl"
#include "shaders/attention_backward.h"

CONSTANT(bool, WANT_DA, true);  // dq or dk
CONSTANT(bool, WANT_DB, true);  // dv

#include "shaders/attention_tile.glsl"
#include "shaders/attention_load.glsl"
#include "shaders/attention_mask.glsl"

#ifdef KERNEL_dq
vec4 load_own(bool second, uint begin, uint four) {
  return second ? load_F(p.dy, begin, four) : load_T(p.q, begin, four) * p.scale;
}
vec4 load_met(bool second, uint begin, uint four) {
  return load_T(TBuf(second ? uvec2(p.v) : uvec2(p.k)), begin, four);
}
#else
vec4 load_own(bool second, uint begin, uint four) {
  return second ? load_T(p.v, begin, four) : load_T(p.k, begin, four) * p.scale;
}
vec4 load_met(bool second, uint begin, uint four) {
  return second ? load_F(p.dy, begin, four) : load_T(p.q, begin, four);
}
#endif

const float LOG2_E = 1.44269504089;
const float LOWEST = -1e30;  // the score of a key that is not seen

// Of the queries that this invocation's 4 x 4 scores belong to.
vec4 log_sum, delta;
void load_statistics(uint first, uint queries) {
  [[unroll]] for (uint i = 0; i < 4; i++) {
    const uint at = gl_WorkGroupID.y * queries + min(first + i, queries - 1);
    log_sum[i] = p.log_sum.at[at] * LOG2_E;
    delta[i] = p.delta.at[at];
  }
}

void store(FBuf y, vec4 sum[EACH], float scale) {
  const uint to = gl_WorkGroupID.z / PARTS * p.batch * p.owned * width;
  [[unroll]] for (uint r = 0; r < 4; r++) {
    const uint row = first_row + row_four * 4 + r;
    if (row >= p.owned) continue;
    const uint begin = to + row_begin(row, p.owned);
    [[unroll]] for (uint i = 0; i < EACH; i++) if (is_mine(i)) y.at[begin + channel_of(i)] =
        sum[i][r] * scale;
  }
}

void main() {
  vec4 da[EACH], db[EACH];
  [[unroll]] for (uint i = 0; i < EACH; i++) {
    da[i] = vec4(0);
    db[i] = vec4(0);
  }
  const uint part = gl_WorkGroupID.z / PARTS;
  uint met = part * p.part;
  uint end = min(p.met, met + p.part);
#ifdef KERNEL_dq
  load_statistics(first_row + row_four * 4, p.owned);
  if (CAUSAL) end = min(end, first_row + ROWS);
#else
  if (CAUSAL) met = max(met, first_row);
#endif
  for (; met < end; met += MET) {
    vec4 s[4], ds[4];
    [[dont_unroll]] for (uint i = 0; i < (WANT_DA ? 2 : 1); i++) {
      vec4 t[4];
      product(i == 1, p.owned, met, p.met, t);
      if (i == 0) s = t;
      ds = t;
    }
#ifdef KERNEL_dkv
    load_statistics(met + along * 4, p.met);
#endif
    [[unroll]] for (uint j = 0; j < 4; j++) [[unroll]] for (uint r = 0; r < 4; r++) {
      const uint row = first_row + row_four * 4 + r, other = met + along * 4 + j;
#ifdef KERNEL_dq
      const uint query = r;
      const bool seen = other < end && (!CAUSAL || other <= row);
      if (MASKED) s[j][r] += mask_of(mask_begin(batch, head), row, p.owned, other, p.met);
#else
      const uint query = j;
      const bool seen = other < end && (!CAUSAL || row <= other);
      if (MASKED) s[j][r] += mask_of(mask_begin(batch, head), other, p.met, row, p.owned);
#endif
      s[j][r] = exp2((seen ? s[j][r] : LOWEST) - log_sum[query]);
      if (WANT_DA) ds[j][r] = s[j][r] * (ds[j][r] - delta[query]);
    }
    if (WANT_DB) {
      share_weights(s);
      barrier();
      accumulate(true, met, p.met, db);
    }
    if (WANT_DA) {
      share_weights(ds);
      barrier();
      accumulate(false, met, p.met, da);
    }
  }
  if (WANT_DA) store(p.da, da, p.scale / LOG2_E);
  if (WANT_DB) store(p.db, db, 1);
}
