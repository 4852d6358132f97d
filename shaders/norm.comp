#version 460
// kernel squares f32
// kernel root f32
//
// norm = sqrt(the sum of x^2 over all elements of all tensors)
//
// squares: a workgroup sums one chunk of one of up to eight tensors. root: one workgroup adds all.
#extension GL_GOOGLE_include_directive : require
#include "shaders/lanes.glsl"
#include "shaders/norm.h"

#ifdef KERNEL_squares
void main() {
  const uint group = group_index();
  uint tensor = 0, before = 0;  // chunks of the tensors before
  for (; tensor < 8; tensor++) {
    const uint chunks = (p.counts[tensor] + p.chunk - 1) / p.chunk;
    if (group - before < chunks) break;
    before += chunks;
  }
  if (tensor == 8) return;  // the whole workgroup
  const uint from = (group - before) * p.chunk, end = min(from + p.chunk, p.counts[tensor]);
  FBuf x = p.x[tensor];
  vec4 total = vec4(0);
  for (uint i = from + lane(); i < end; i += LANES) {
    const vec4 v = load_float(x, i);
    total += v * v;
  }
  const float result = sum_lanes(sum(total));
  if (lane() == 0) p.sums.at[p.first + group] = result;
}
#endif

#ifdef KERNEL_root
void main() {
  float total = 0;
  for (uint i = lane(); i < p.count; i += LANES) total += p.sums.at[i];
  total = sum_lanes(total);
  if (lane() == 0) p.norm.at[0] = sqrt(total);
}
#endif
