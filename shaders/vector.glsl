// Kernels that are written once for four neighbouring elements: WIDTH is 4 where all rows consist
// of whole fours and 1 elsewhere. In the scalar variant elements y, z and w are 0 when loaded and
// dead code after.
#ifndef LACUNA_VECTOR_GLSL
#define LACUNA_VECTOR_GLSL

#include "shaders/half.glsl"
#include "shaders/types.glsl"

layout(local_size_x_id = LOCAL_ID) in;
CONSTANT(uint, LOCAL, 64);
CONSTANT(uint, WIDTH, 1);

// Four halves as two words: on software drivers twice as fast as loads and stores of 16 bits.
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer HalvesBuf { uvec2 at[]; };
#define LOAD4_HALVES(load4, Buf)                           \
  vec4 load4(Buf x, uint i) {                              \
    const uvec2 u = CAST(HalvesBuf, x).at[i];              \
    return vec4(unpackHalf2x16(u.x), unpackHalf2x16(u.y)); \
  }
#define LOAD4_FLOATS(load4, Buf) \
  vec4 load4(Buf x, uint i) { return CAST(FBuf4, x).at[i]; }

#ifdef HALF_WEIGHTS
LOAD4_HALVES(load4_weight, WBuf)
#else
LOAD4_FLOATS(load4_weight, WBuf)
#endif

#ifdef TYPE_f16
LOAD4_HALVES(load4, TBuf)
void store4(TBuf y, uint i, vec4 v) {
  CAST(HalvesBuf, y).at[i] = uvec2(half_pair(v.xy), half_pair(v.zw));
}
#else
LOAD4_FLOATS(load4, TBuf)
void store4(TBuf y, uint i, vec4 v) { CAST(TBuf4, y).at[i] = v; }
#endif

// i counts vectors.
vec4 load(TBuf x, uint i) { return WIDTH == 4 ? load4(x, i) : vec4(x.at[i], 0, 0, 0); }
vec4 load_weight(WBuf x, uint i) {
  return WIDTH == 4 ? load4_weight(x, i) : vec4(x.at[i], 0, 0, 0);
}
vec4 load_float(FBuf x, uint i) {
  return WIDTH == 4 ? CAST(FBuf4, x).at[i] : vec4(x.at[i], 0, 0, 0);
}

void store(TBuf y, uint i, vec4 v) {
  if (WIDTH == 4) {
    store4(y, i, v);
  } else {
    y.at[i] = T(v.x);
  }
}
void store_float(FBuf y, uint i, vec4 v) {
  if (WIDTH == 4) {
    CAST(FBuf4, y).at[i] = v;
  } else {
    y.at[i] = v.x;
  }
}

float sum(vec4 v) { return WIDTH == 4 ? v.x + v.y + v.z + v.w : v.x; }
float highest(vec4 v) { return WIDTH == 4 ? max(max(v.x, v.y), max(v.z, v.w)) : v.x; }

#endif
