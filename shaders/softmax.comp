#version 460
// kernel forward f32 f16
// kernel backward f32 f16
//
// forward: y = exp(x - max) / sum(exp(x - max)) over each row.
// backward: dx = y (dy - sum(y dy)).
#extension GL_GOOGLE_include_directive : require
#include "shaders/lanes.glsl"
#include "shaders/softmax.h"

void main() {
  const uint row = row_index();
  const uint from = min(row, p.rows - 1) * p.columns;
#ifdef KERNEL_forward
  float top = uintBitsToFloat(0xff800000);  // -infinity
  for (uint c = lane(); c < p.columns; c += LANES) top = max(top, highest(load(p.x, from + c)));
  top = max_lanes(top);
  float total = 0;
  for (uint c = lane(); c < p.columns; c += LANES) total += sum(exp(load(p.x, from + c) - top));
  const float factor = 1 / sum_lanes(total);
  if (row >= p.rows) return;
  for (uint c = lane(); c < p.columns; c += LANES)
    store(p.y, from + c, exp(load(p.x, from + c) - top) * factor);
#else
  vec4 total = vec4(0);
  for (uint c = lane(); c < p.columns; c += LANES)
    total += load(p.y, from + c) * load_float(p.dy, from + c);
  const float mean = sum_lanes(sum(total));
  if (row >= p.rows) return;
  for (uint c = lane(); c < p.columns; c += LANES)
    store_float(p.dx, from + c, load(p.y, from + c) * (load_float(p.dy, from + c) - mean));
#endif
}
