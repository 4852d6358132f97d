#version 460
// kernel forward f32 f16
//
// y = softmax(q k^T / sqrt(D)) v by online softmax (Milakov and Gimelshein 2018; Dao et al. 2022):
// keys are taken MET at a time, and sums made with an older maximum are rescaled, so scores never
// leave the chip. For GPUs (shaders/attention_tile.glsl); attention_lanes.comp is for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/tile_memory.glsl"
#include "shaders/attention.h"

#include "shaders/attention_tile.glsl"
#include "shaders/attention_load.glsl"
#include "shaders/attention_mask.glsl"

vec4 load_own(bool second, uint begin, uint four) { return load_T(p.q, begin, four) * p.scale; }
vec4 load_met(bool second, uint begin, uint four) {
  return load_T(TBuf(second ? uvec2(p.v) : uvec2(p.k)), begin, four);
}

// The score of a key that is not seen; infinities would make NaN in differences.
const float LOWEST = -1e30;
void main() {
  vec4 y[EACH], top = vec4(LOWEST), sum = vec4(0);  // of four queries
  [[unroll]] for (uint i = 0; i < EACH; i++) y[i] = vec4(0);
  const uint keys = CAUSAL ? min(p.keys, first_row + ROWS) : p.keys;
  for (uint key = 0; key < keys; key += MET) {
    vec4 s[4], highest = vec4(LOWEST);
    product(false, p.queries, key, p.keys, s);
    [[unroll]] for (uint j = 0; j < 4; j++) {
      const uint at = key + along * 4 + j;
      const uvec4 query = first_row + row_four * 4 + uvec4(0, 1, 2, 3);
      if (MASKED) [[unroll]]
        for (uint r = 0; r < 4; r++)
          s[j][r] += mask_of(mask_begin(batch, head), query[r], p.queries, at, p.keys);
      const bvec4 seen = CAUSAL ? lessThanEqual(uvec4(at), query) : bvec4(true);
      s[j] = at < p.keys ? mix(vec4(LOWEST), s[j], seen) : vec4(LOWEST);
      highest = max(highest, s[j]);
    }
    // The highest score of each query; the slices have been used.
    panel[along * ROW_FOURS + row_four] = highest;
    barrier();
    highest = top;
    [[unroll]] for (uint a = 0; a < ALONG; a++) highest =
        max(highest, panel[a * ROW_FOURS + row_four]);
    const vec4 shrink = exp2(top - highest);
    top = highest;
    sum *= shrink;
    [[unroll]] for (uint i = 0; i < EACH; i++) y[i] *= shrink;
    [[unroll]] for (uint j = 0; j < 4; j++) {
      s[j] = exp2(s[j] - highest);
      sum += s[j];
    }
    share_weights(s);
    barrier();
    accumulate(true, key, p.keys, y);
  }

  panel[along * ROW_FOURS + row_four] = sum;
  barrier();
  vec4 total = vec4(0);
  [[unroll]] for (uint a = 0; a < ALONG; a++) total += panel[a * ROW_FOURS + row_four];
  [[unroll]] for (uint r = 0; r < 4; r++) {
    const uint query = first_row + row_four * 4 + r;
    if (query >= p.queries) continue;
    const uint begin = row_begin(query, p.queries);
    [[unroll]] for (uint i = 0; i < EACH; i++) if (is_mine(i)) p.y.at[begin + channel_of(i)] =
        T(y[i][r] / total[r]);
    if (first_four == 0 && along == 0)
      p.log_sum.at[gl_WorkGroupID.y * p.queries + query] =
          (top[r] + log2(total[r])) * 0.69314718056;
  }
}
