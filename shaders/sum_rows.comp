#version 460
// kernel forward f32
//
// y[n,k] = the sum of chunk k of the rows of x[n], column by column.
//
// An invocation owns WIDTH columns and walks the rows of one chunk in order; neighbours read
// neighbouring columns. A second dispatch sums the chunks.
#extension GL_GOOGLE_include_directive : require
#include "shaders/vector.glsl"
#include "shaders/sum_rows.h"

void main() {
  const uint column = gl_WorkGroupID.x * LOCAL + gl_LocalInvocationID.x;
  if (column >= p.columns) return;
  const uint first = gl_WorkGroupID.y * p.chunk;
  const uint end = gl_WorkGroupID.z * p.rows + min(first + p.chunk, p.rows);
  vec4 total = vec4(0);
  for (uint row = gl_WorkGroupID.z * p.rows + first; row < end; row++)
    total += load_float(p.x, row * p.columns + column);
  store_float(p.y, (gl_WorkGroupID.z * p.chunks + gl_WorkGroupID.y) * p.columns + column, total);
}
