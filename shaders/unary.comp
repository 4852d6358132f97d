#version 460
// kernel forward f32 f16
//
// y = f(x), one element per invocation and step of a fixed stride.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/unary.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LOCAL = 64;
layout(constant_id = 1) const uint FUNCTION = 0;
const uint SILU = 0, GELU = 1, QUICK_GELU = 2;

float f(float x) {
  return x / (1 + exp(-x));
}

void main() {
  const uint i = group_index() * LOCAL + gl_LocalInvocationID.x;
  if (i < p.count) p.y.at[i] = T(f(float(p.x.at[i])));
}
