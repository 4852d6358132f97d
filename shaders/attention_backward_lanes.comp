#version 460
// kernel dq f32 f16
// kernel dkv f32 f16
//
// attention_backward.comp's functions for CPU drivers. With L the log-sum-exp of the forward pass
// and delta_i = sum_c dy_ic y_ic:
//
//   P_ij = exp(scale q_i . k_j - L_i)         dS_ij = P_ij (dy_i . v_j - delta_i)
//   dq_i = scale sum_j dS_ij k_j      dk_j = scale sum_i dS_ij q_i      dv_j = sum_i P_ij dy_i
//
// An invocation owns OWNED rows a and b (dq: of q and dy; dkv: of k and v) and meets rows A and B
// (k and v; q and dy), MET at a time, which are handed round (shaders/attention_rows.glsl): from a
// . A and b . B follow dS and P, and da = sum dS A, db = sum P B. Wide heads are read by slices,
// and groups (z) share their output channels; groups (z) also share the rows to be met, if few
// invocations own many. Of many rows a dispatch takes the first, the next one adds the next, so
// that all groups find them in a cache.
#extension GL_GOOGLE_include_directive : require
#include "shaders/tile_memory.glsl"
#include "shaders/attention_backward.h"

layout(local_size_x_id = LANES_ID) in;
CONSTANT(uint, LANES, 8);
CONSTANT(uint, OWNED, 4);   // rows of an invocation
CONSTANT(uint, MET, 4);     // rows at a time, at most LANES
CONSTANT(uint, HEAD, 40);   // channels
CONSTANT(uint, SLICE, 10);  // fours of a and b in registers
CONSTANT(uint, FOURS, 10);  // fours of da and db that a group computes
CONSTANT(bool, CAUSAL, false);
CONSTANT(bool, WANT_DA, true);  // dq or dk
CONSTANT(bool, WANT_DB, true);  // dv

#ifdef KERNEL_dq
#define OWN_QUERIES
#define ROW_a p.q
#define ROW_b p.dy
#define ROW_A p.k
#define ROW_B p.v
#define QUERIES OWNED
#define b_is(name) name##_F
#define B_is(name) name##_T
#define QUERY(r, j) r
#define KEY(r, j) j
#else
#define ROW_a p.k
#define ROW_b p.v
#define ROW_A p.q
#define ROW_B p.dy
#define QUERIES MET
#define b_is(name) name##_T
#define B_is(name) name##_F
#define QUERY(r, j) j
#define KEY(r, j) r
#endif

const uint HEAD_FOURS = (HEAD + 3) / 4;
const uint PARTS = (HEAD_FOURS + FOURS - 1) / FOURS;  // of the output channels
const bool WHOLE = SLICE == HEAD_FOURS;               // a and b stay in registers
// With && these would not be specialization constants.
const bool KEEP = SLICE + FOURS == 2 * HEAD_FOURS;  // so do rows that are met
const bool EXACT = HEAD_FOURS % SLICE + HEAD_FOURS % FOURS == 0;
const float LOG2_E = 1.44269504089;
const float LOWEST = -1e30;  // the score of a key that is not seen

#include "shaders/attention_rows.glsl"
#include "shaders/attention_mask.glsl"

// Stores a sum, or adds it to that of an earlier dispatch.
void add(FBuf b, uint begin, uint four, vec4 value) {
  if (HEAD % 4 == 0) {
    if (p.first > 0) value += CAST(FBuf4, b).at[begin / 4 + four];
    CAST(FBuf4, b).at[begin / 4 + four] = value;
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      const uint at = begin + four * 4 + i;
      if (four * 4 + i < HEAD) b.at[at] = p.first > 0 ? b.at[at] + value[i] : value[i];
    }
  }
}

vec4 a[OWNED][SLICE], b[OWNED][SLICE];
float s[OWNED][MET], ds[OWNED][MET];
vec4 da[OWNED][FOURS], db[OWNED][FOURS];
float log_sum[QUERIES], delta[QUERIES];

#ifndef OWN_QUERIES
void load_met_statistics(uint first) {
  const uint at = gl_WorkGroupID.y * p.met + min(first + gl_SubgroupInvocationID, p.met - 1);
  const float mine[2] = {p.log_sum.at[at], p.delta.at[at]};
  [[unroll]] for (uint j = 0; j < MET; j++) {
    log_sum[j] = subgroupBroadcast(mine[0], j);
    delta[j] = subgroupBroadcast(mine[1], j);
  }
}
#endif

void load_owned(uint begin[OWNED], uint first) {
  [[unroll]] for (uint r = 0; r < OWNED; r++) [[unroll]] for (uint i = 0; i < SLICE; i++) {
    a[r][i] = load_T(ROW_a, begin[r], first + i) * p.scale;
    if (WANT_DA) b[r][i] = b_is(load)(ROW_b, begin[r], first + i);
  }
}

void add_products() {
  [[unroll]] for (uint j = 0; j < MET; j++) [[unroll]] for (uint i = 0; i < SLICE; i++) {
    const vec4 A = met_A(j, i);
    [[unroll]] for (uint r = 0; r < OWNED; r++) s[r][j] += dot(a[r][i], A);
  }
  if (!WANT_DA) return;
  [[unroll]] for (uint j = 0; j < MET; j++) [[unroll]] for (uint i = 0; i < SLICE; i++) {
    const vec4 B = met_B(j, i);
    [[unroll]] for (uint r = 0; r < OWNED; r++) ds[r][j] += dot(b[r][i], B);
  }
}

// Adds to da and db from four `to` on.
void accumulate(uint to) {
  [[unroll]] for (uint i = 0; i < SLICE; i++) {
    if (to + i >= FOURS) continue;
    vec4 A[MET], B[MET];
    [[unroll]] for (uint j = 0; j < MET; j++) {
      if (WANT_DA) A[j] = met_A(j, i);
      if (WANT_DB) B[j] = met_B(j, i);
    }
    // A sum is fetched and put back once for all rows: there are more sums than registers.
    [[unroll]] for (uint r = 0; r < OWNED; r++) {
      vec4 total_a = da[r][to + i], total_b = db[r][to + i];
      [[unroll]] for (uint j = 0; j < MET; j++) {
        if (WANT_DA) total_a += ds[r][j] * A[j];
        if (WANT_DB) total_b += s[r][j] * B[j];
      }
      da[r][to + i] = total_a;
      db[r][to + i] = total_b;
    }
  }
}

void main() {
  const uint batch = gl_WorkGroupID.y / p.heads, head = gl_WorkGroupID.y % p.heads;
  const uint width = p.heads * HEAD;
  const uint first_four = gl_WorkGroupID.z % PARTS * FOURS, part = gl_WorkGroupID.z / PARTS;
  const uint first_owned = gl_WorkGroupID.x * LANES * OWNED;
  uint owned[OWNED], begin[OWNED];
  [[unroll]] for (uint r = 0; r < OWNED; r++) {
    owned[r] = first_owned + r * LANES + gl_LocalInvocationID.x;
    const uint row = min(owned[r], p.owned - 1);
    begin[r] = (batch * p.owned + row) * width + head * HEAD;
#ifdef OWN_QUERIES
    log_sum[r] = p.log_sum.at[gl_WorkGroupID.y * p.owned + row];
    delta[r] = p.delta.at[gl_WorkGroupID.y * p.owned + row];
#endif
    [[unroll]] for (uint i = 0; i < FOURS; i++) {
      da[r][i] = vec4(0);
      db[r][i] = vec4(0);
    }
  }
  if (WHOLE) load_owned(begin, 0);

  uint met = part * p.part + p.first;
  uint end = min(p.met, part * p.part + p.last);
#ifdef OWN_QUERIES
  if (CAUSAL) end = min(end, first_owned + LANES * OWNED);
#else
  if (CAUSAL) met = max(met, first_owned);
#endif
  for (; met < end; met += MET) {
    [[unroll]] for (uint j = 0; j < MET; j++) {
      met_begin[j] = (batch * p.met + min(met + j, p.met - 1)) * width + head * HEAD;
      [[unroll]] for (uint r = 0; r < OWNED; r++) {
        s[r][j] = 0;
        ds[r][j] = 0;
      }
    }
    if (WHOLE) {
      LOAD_ROWS(rows_A, load_few_T, ROW_A, 0);
      LOAD_ROWS(rows_B, B_is(load_few), ROW_B, 0);
      add_products();
    } else {
      for (uint i = 0; i < HEAD_FOURS; i += SLICE) {
        load_owned(begin, i);
        LOAD_ROWS(rows_A, load_few_T, ROW_A, i);
        LOAD_ROWS(rows_B, B_is(load_few), ROW_B, i);
        add_products();
      }
    }

#ifndef OWN_QUERIES
    load_met_statistics(met);
#endif
    [[unroll]] for (uint r = 0; r < OWNED; r++) [[unroll]] for (uint j = 0; j < MET; j++) {
      const uint row[2] = {owned[r], met + j}, rows[2] = {p.owned, p.met};
      const bool seen = row[1] < end && (!CAUSAL || row[KEY(0, 1)] <= row[QUERY(0, 1)]);
      if (MASKED)
        s[r][j] += mask_of(mask_begin(batch, head), row[QUERY(0, 1)], rows[QUERY(0, 1)],
                           row[KEY(0, 1)], rows[KEY(0, 1)]);
      s[r][j] = exp2((seen ? s[r][j] : LOWEST) - log_sum[QUERY(r, j)] * LOG2_E);
      ds[r][j] = s[r][j] * (ds[r][j] - delta[QUERY(r, j)]);
    }

    if (KEEP) {
      accumulate(0);
    } else {
      [[unroll]] for (uint i = 0; i < FOURS; i += SLICE) {
        LOAD_ROWS(rows_A, load_few_T, ROW_A, first_four + i);
        LOAD_ROWS(rows_B, B_is(load_few), ROW_B, first_four + i);
        accumulate(i);
      }
    }
  }

  const uint to = part * p.batch * p.owned * width;
  [[unroll]] for (uint r = 0; r < OWNED; r++) {
    if (owned[r] >= p.owned) continue;
    [[unroll]] for (uint i = 0; i < FOURS; i++) {
      if (first_four + i >= HEAD_FOURS) continue;
      if (WANT_DA) add(p.da, to + begin[r], first_four + i, da[r][i] * (p.scale / LOG2_E));
      if (WANT_DB) add(p.db, to + begin[r], first_four + i, db[r][i]);
    }
  }
}
