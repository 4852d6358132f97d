// Rows of attention's operands for CPU drivers: an invocation's own, each another (load_T, load_F),
// and those that it meets, all invocations the same (met_A, met_B).
//
// A load in a loop is a gather there even if all lanes read one address: lanes gather neighbouring
// channels, and each value reaches the others by subgroupBroadcast, which is a register shuffle. A
// group is one subgroup.
//
// The includer declares the constants.
#ifndef LACUNA_ATTENTION_ROWS_GLSL
#define LACUNA_ATTENTION_ROWS_GLSL

#include "shaders/attention_load.glsl"

uint met_begin[MET];  // of the rows that are met

#extension GL_KHR_shader_subgroup_ballot : require
#ifdef TYPE_f16
const uint PAIR = 2;  // halves are loaded by words
vec2 load_few_T(TBuf b, uint begin, uint channel) {
  if (HEAD % 2 == 0) return load_pair(b, begin + min(channel, HEAD - 2));
  return vec2(b.at[begin + min(channel, HEAD - 1)], b.at[begin + min(channel + 1, HEAD - 1)]);
}
#else
const uint PAIR = 1;
vec2 load_few_T(TBuf b, uint begin, uint channel) {
  return vec2(b.at[begin + min(channel, HEAD - 1)], 0);
}
#endif
vec2 load_few_F(FBuf b, uint begin, uint channel) {
  return vec2(b.at[begin + min(channel, HEAD - 1)],
              PAIR == 2 ? b.at[begin + min(channel + 1, HEAD - 1)] : 0);
}
const uint SPAN = LANES * PAIR;  // channels that one load of all lanes covers
const uint LOADS = (SLICE * 4 + SPAN - 1) / SPAN;
vec2 rows_A[MET][LOADS], rows_B[MET][LOADS];

#define LOAD_ROWS(rows, load_few, buffer, first)                                        \
  [[unroll]] for (uint j_ = 0; j_ < MET; j_++) [[unroll]] for (uint i_ = 0; i_ < LOADS; \
                                                               i_++) rows[j_][i_] =     \
      load_few(buffer, met_begin[j_], (first)*4 + (i_ * LANES + gl_SubgroupInvocationID) * PAIR)

float pick(vec2 row[LOADS], uint channel) {
  return subgroupBroadcast(row[channel / SPAN][channel % PAIR], channel % SPAN / PAIR);
}
vec4 pick_four(vec2 row[LOADS], uint four) {
  return vec4(pick(row, four * 4), pick(row, four * 4 + 1), pick(row, four * 4 + 2),
              pick(row, four * 4 + 3));
}
// Four `i` of row j of what LOAD_ROWS fetched.
vec4 met_A(uint j, uint i) { return pick_four(rows_A[j], i); }
vec4 met_B(uint j, uint i) { return pick_four(rows_B[j], i); }

#endif
