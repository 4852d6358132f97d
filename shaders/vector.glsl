// Kernels that are written once for four neighbouring elements: WIDTH is 4 where all rows consist of whole
// fours and 1 elsewhere. In the scalar variant elements y, z and w are 0 when loaded and dead code after.
#ifndef LACUNA_VECTOR_GLSL
#define LACUNA_VECTOR_GLSL

#include "shaders/types.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LOCAL = 64;
layout(constant_id = 1) const uint WIDTH = 1;

// i counts vectors.
vec4 load(TBuf x, uint i) { return WIDTH == 4 ? vec4(TBuf4(x).at[i]) : vec4(x.at[i], 0, 0, 0); }
vec4 load_float(FBuf x, uint i) { return WIDTH == 4 ? FBuf4(x).at[i] : vec4(x.at[i], 0, 0, 0); }

void store(TBuf y, uint i, vec4 v) {
  if (WIDTH == 4) {
    TBuf4(y).at[i] = T4(v);
  } else {
    y.at[i] = T(v.x);
  }
}
void store_float(FBuf y, uint i, vec4 v) {
  if (WIDTH == 4) {
    FBuf4(y).at[i] = v;
  } else {
    y.at[i] = v.x;
  }
}

float sum(vec4 v) { return WIDTH == 4 ? v.x + v.y + v.z + v.w : v.x; }
float highest(vec4 v) { return WIDTH == 4 ? max(max(v.x, v.y), max(v.z, v.w)) : v.x; }

#endif
