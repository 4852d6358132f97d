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
  // Long lines of columns go on in z, beyond the images.
  const uint image = gl_WorkGroupID.z % p.images;
  const uint group = gl_WorkGroupID.z / p.images * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  const uint column = group * LOCAL + gl_LocalInvocationID.x;
  if (column >= p.columns) return;
  const uint first = gl_WorkGroupID.y * p.chunk;
  const uint end = image * p.rows + min(first + p.chunk, p.rows);
  vec4 total = vec4(0);
  for (uint row = image * p.rows + first; row < end; row++)
    total += load_float(p.x, row * p.columns + column);
  store_float(p.y, (image * p.chunks + gl_WorkGroupID.y) * p.columns + column, total);
}
