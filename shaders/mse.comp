#version 460
// kernel sums f32 f16
// kernel means f32
// kernel backward f32 f16
//
// each[n] = the mean of weight (x - target)^2 over entry n, total = the mean over all entries
//
// sums: of one chunk of an entry by LANES invocations. means: row n of the LANES-wide rows merges
// the sums of entry n, row N those of all. backward: dx = dtotal 2 weight (x - target) / elements.
#extension GL_GOOGLE_include_directive : require
#ifdef KERNEL_backward
#include "shaders/elementwise.glsl"
#else
#include "shaders/lanes.glsl"
#endif
#include "shaders/mse.h"

CONSTANT(bool, WEIGHTED, false);

vec4 difference(uint i) { return load(p.x, i) - load_float(p.target, i); }
float weight_of(uint i) { return WEIGHTED ? p.weight.at[divide(i, p.inner)] : 1; }

#ifdef KERNEL_sums
void main() {
  const uint row = row_index();
  const uint safe_row = min(row, p.entries * p.chunks - 1);
  const uint entry = safe_row / p.chunks;
  const uint from = (safe_row - entry * p.chunks) * p.chunk;
  const uint end = entry * p.columns + min(from + p.chunk, p.columns);
  vec4 total = vec4(0);
  for (uint i = entry * p.columns + from + lane(); i < end; i += LANES) {
    const vec4 d = difference(i);
    total += weight_of(i) * d * d;
  }
  const float result = sum_lanes(sum(total));
  if (row == safe_row && lane() == 0) p.sums.at[row] = result;
}
#endif

#ifdef KERNEL_means
void main() {
  const uint row = min(row_index(), p.entries);
  const bool all = row == p.entries;
  const uint from = all ? 0 : row * p.chunks, count = all ? p.entries * p.chunks : p.chunks;
  float total = 0;
  for (uint k = lane(); k < count; k += LANES) total += p.sums.at[from + k];
  total = sum_lanes(total);
  if (lane() != 0) return;
  if (all)
    p.total.at[0] = total / p.elements;
  else
    p.each.at[row] = total / (p.elements / float(p.entries));
}
#endif

#ifdef KERNEL_backward
void main() {
  const float factor = p.dtotal.at[0] * 2 / p.elements;
  EACH(i, p.count) store_float(p.dx, i, factor * weight_of(i) * difference(i));
}
#endif
