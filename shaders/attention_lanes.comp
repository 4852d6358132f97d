#version 460
// kernel forward f32 f16
//
// attention.comp's function for CPU drivers. Keys are taken KEYS at a time, and scores never leave
// the registers of an invocation.
//
// An invocation owns QUERIES whole queries and needs nobody else: no shared memory, no barriers, no
// reductions across lanes. Keys and values are handed round (shaders/attention_rows.glsl). Wide
// heads split their output channels over groups (z), each of which computes the scores again, and
// read q by slices.
#extension GL_GOOGLE_include_directive : require
#include "shaders/tile_memory.glsl"
#include "shaders/attention.h"

layout(local_size_x_id = LANES_ID) in;
CONSTANT(uint, LANES, 8);
CONSTANT(uint, QUERIES, 4);  // of an invocation
CONSTANT(uint, KEYS, 4);     // at a time
CONSTANT(uint, HEAD, 40);    // channels
CONSTANT(uint, SLICE, 10);   // fours of q in registers; all of them: loaded once
CONSTANT(uint, FOURS, 10);   // fours of y that a group computes
CONSTANT(bool, CAUSAL, false);

const uint HEAD_FOURS = (HEAD + 3) / 4;
const float LOWEST =
    -1e30;  // the score of a key that is not seen; infinities would make NaN in differences

// What attention_rows.glsl wants to know: keys are met.
const uint MET = KEYS;
const bool EXACT = HEAD_FOURS % SLICE + HEAD_FOURS % FOURS == 0;
const bool KEEP = SLICE + FOURS == 2 * HEAD_FOURS;  // all of a row at a time
#include "shaders/attention_rows.glsl"
#include "shaders/attention_mask.glsl"

void store(uint begin, uint four, vec4 value) {
  if (HEAD % 4 == 0) {
    store_four(p.y, begin + four * 4, value);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (four * 4 + i < HEAD) p.y.at[begin + four * 4 + i] =
        T(value[i]);
  }
}

vec4 q[QUERIES][SLICE];
float s[QUERIES][KEYS];
vec4 o[QUERIES][FOURS];
float top[QUERIES], sum[QUERIES];

void load_q(uint begin[QUERIES], uint first) {
  [[unroll]] for (uint r = 0; r < QUERIES; r++) [[unroll]] for (uint i = 0; i < SLICE; i++)
      q[r][i] = load_T(p.q, begin[r], first + i) * p.scale;
}

void add_scores() {
  [[unroll]] for (uint j = 0; j < KEYS; j++) [[unroll]] for (uint i = 0; i < SLICE; i++) {
    const vec4 k = met_A(j, i);
    [[unroll]] for (uint r = 0; r < QUERIES; r++) s[r][j] += dot(q[r][i], k);
  }
}

// Adds to o from four `to` on.
void accumulate(uint to) {
  [[unroll]] for (uint i = 0; i < SLICE; i++) {
    if (to + i >= FOURS) continue;
    // A sum is fetched and put back once for all keys: there are more sums than registers.
    vec4 v[KEYS];
    [[unroll]] for (uint j = 0; j < KEYS; j++) v[j] = met_B(j, i);
    [[unroll]] for (uint r = 0; r < QUERIES; r++) {
      vec4 total = o[r][to + i];
      [[unroll]] for (uint j = 0; j < KEYS; j++) total += s[r][j] * v[j];
      o[r][to + i] = total;
    }
  }
}

void main() {
  const uint batch = gl_WorkGroupID.y / p.heads, head = gl_WorkGroupID.y % p.heads;
  const uint width = p.heads * HEAD;
  const uint first_four = gl_WorkGroupID.z * FOURS;
  const uint first_query = gl_WorkGroupID.x * LANES * QUERIES;
  uint query[QUERIES], begin[QUERIES];
  [[unroll]] for (uint r = 0; r < QUERIES; r++) {
    query[r] = first_query + r * LANES + gl_LocalInvocationID.x;
    begin[r] = (batch * p.queries + min(query[r], p.queries - 1)) * width + head * HEAD;
    top[r] = LOWEST;
    sum[r] = 0;
    [[unroll]] for (uint i = 0; i < FOURS; i++) o[r][i] = vec4(0);
  }
  if (SLICE == HEAD_FOURS) load_q(begin, 0);

  const uint keys = CAUSAL ? min(p.keys, first_query + LANES * QUERIES) : p.keys;
  for (uint key = 0; key < keys; key += KEYS) {
    [[unroll]] for (uint j = 0; j < KEYS; j++) {
      met_begin[j] = (batch * p.keys + min(key + j, p.keys - 1)) * width + head * HEAD;
      [[unroll]] for (uint r = 0; r < QUERIES; r++) s[r][j] = 0;
    }
    if (SLICE == HEAD_FOURS) {
      LOAD_ROWS(rows_A, load_few_T, p.k, 0);
      add_scores();
    } else {
      for (uint i = 0; i < HEAD_FOURS; i += SLICE) {
        load_q(begin, i);
        LOAD_ROWS(rows_A, load_few_T, p.k, i);
        add_scores();
      }
    }
    [[unroll]] for (uint r = 0; r < QUERIES; r++) {
      float highest = top[r];
      [[unroll]] for (uint j = 0; j < KEYS; j++) {
        const bool seen = key + j < p.keys && (!CAUSAL || key + j <= query[r]);
        if (MASKED)
          s[r][j] += mask_of(mask_begin(batch, head), query[r], p.queries, key + j, p.keys);
        s[r][j] = seen ? s[r][j] : LOWEST;
        highest = max(highest, s[r][j]);
      }
      const float shrink = exp2(top[r] - highest);
      top[r] = highest;
      sum[r] *= shrink;
      [[unroll]] for (uint j = 0; j < KEYS; j++) {
        s[r][j] = exp2(s[r][j] - highest);
        sum[r] += s[r][j];
      }
      [[unroll]] for (uint i = 0; i < FOURS; i++) o[r][i] *= shrink;
    }
    if (KEEP) {
      LOAD_ROWS(rows_B, load_few_T, p.v, 0);
      accumulate(0);
    } else {
      [[unroll]] for (uint i = 0; i < FOURS; i += SLICE) {
        LOAD_ROWS(rows_B, load_few_T, p.v, first_four + i);
        accumulate(i);
      }
    }
  }

  [[unroll]] for (uint r = 0; r < QUERIES; r++) {
    if (query[r] >= p.queries) continue;
    [[unroll]] for (uint i = 0; i < FOURS; i++) if (first_four + i < HEAD_FOURS)
        store(begin[r], first_four + i, o[r][i] / sum[r]);
    if (first_four == 0)
      p.log_sum.at[gl_WorkGroupID.y * p.queries + query[r]] =
          (top[r] + log2(sum[r])) * 0.69314718056;
  }
}
