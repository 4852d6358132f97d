#version 460
// kernel forward f32
//
// Row c of y is the sum, in order, of rows c chunk to (c + 1) chunk of x.
#extension GL_GOOGLE_include_directive : require
#include "shaders/vector.glsl"
#include "shaders/column_sum.h"

void main() {
  const uint column =
      (gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x) * LOCAL + gl_LocalInvocationID.x;
  if (column >= p.columns) return;
  const uint first = gl_WorkGroupID.y * p.chunk, end = min(first + p.chunk, p.rows);
  vec4 total = vec4(0);
  for (uint row = first; row < end; row++) total += load_float(p.x, row * p.columns + column);
  store_float(p.y, gl_WorkGroupID.y * p.columns + column, total);
}
