// Four channels of a row of one head. The includer declares HEAD, HEAD_FOURS and EXACT: whether no
// four beyond the head is ever asked for.
#ifndef LACUNA_ATTENTION_LOAD_GLSL
#define LACUNA_ATTENTION_LOAD_GLSL

// Channels 4 four to 4 four + 3; zero beyond the head.
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
LOAD(load_T, TBuf, load_four)
LOAD(load_F, FBuf, load_four_float)

#endif
