// The frame of kernels that make every element of the result on its own: EACH walks the elements of this
// invocation in steps of the workgroup, four at a time (WIDTH 4) where all rows consist of whole fours.
//
// Kernels are written once, for four elements; in the scalar variant the other three are dead code.
#ifndef LACUNA_ELEMENTWISE_GLSL
#define LACUNA_ELEMENTWISE_GLSL

#include "shaders/types.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LOCAL = 64;
layout(constant_id = 1) const uint STEPS = 1;
layout(constant_id = 2) const uint WIDTH = 1;

// i runs over the vectors below count that belong to this invocation.
#define EACH(i, count)                                                                     \
  for (uint i = group_index() * LOCAL * STEPS + gl_LocalInvocationID.x, step_ = 0;         \
       step_ < STEPS && i < (count); i += LOCAL, step_++)

vec4 load(TBuf x, uint i) { return WIDTH == 4 ? vec4(TBuf4(x).at[i]) : vec4(x.at[i], 0, 0, 0); }

void store(TBuf y, uint i, vec4 v) {
  if (WIDTH == 4) {
    TBuf4(y).at[i] = T4(v);
  } else {
    y.at[i] = T(v.x);
  }
}

#endif
