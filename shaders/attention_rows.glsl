// Rows of attention's operands, as attention.comp and attention_backward.comp read them: an
// invocation's own, each another (load_T, load_F), and those that it meets, all invocations the
// same (met_A, met_B).
//
// The includer declares the constants and the push block, and which tensors A and B are.
#ifndef LACUNA_ATTENTION_ROWS_GLSL
#define LACUNA_ATTENTION_ROWS_GLSL

// Channels 4 four to 4 four + 3 of a head's row; zero beyond the head.
#define LOAD(name, Buf, aligned_four)                                               \
  vec4 name(Buf b, uint begin, uint four) {                                         \
    if (HEAD % 4 == 0) {                                                            \
      if (EXACT) return aligned_four(b, begin + four * 4);                          \
      const vec4 inside = aligned_four(b, begin + min(four, HEAD_FOURS - 1) * 4);   \
      return four < HEAD_FOURS ? inside : vec4(0);                                  \
    }                                                                               \
    vec4 value;                                                                     \
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] =                              \
        four * 4 + i < HEAD ? float(b.at[begin + min(four * 4 + i, HEAD - 1)]) : 0; \
    return value;                                                                   \
  }
vec4 load_four_F(FBuf b, uint i) { return FBuf4(b).at[i / 4]; }
LOAD(load_T, TBuf, load_four)
LOAD(load_F, FBuf, load_four_F)

uint met_begin[MET];  // of the rows that are met

#ifdef LANES_FORM
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
// Four `i` of row j of a slice that begins at `first`.
vec4 met_A(uint j, uint first, uint i) { return pick_four(rows_A[j], i); }
vec4 met_B(uint j, uint first, uint i) { return pick_four(rows_B[j], i); }
#else
#define LOAD_ROWS(rows, load_few, buffer, first)
vec4 met_A(uint j, uint first, uint i) { return load_T(ROW_A, met_begin[j], first + i); }
vec4 met_B(uint j, uint first, uint i) { return B_is(load)(ROW_B, met_begin[j], first + i); }
#endif

#endif
