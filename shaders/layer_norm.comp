#version 460
// kernel forward f32 f16
//
// y = (x - mean) / sqrt(var + eps) * weight + bias over each row   (Ba et al. 2016)
//
// The mean first, then the variance around it: exact for large means too. A row stays in the cache.
#extension GL_GOOGLE_include_directive : require
#include "shaders/lanes.glsl"
#include "shaders/layer_norm.h"

void main() {
  const uint row = row_index();
  const uint from = min(row, p.rows - 1) * p.columns;
  const float count = float(p.columns * WIDTH);
  vec4 total = vec4(0);
  for (uint c = lane(); c < p.columns; c += LANES) total += load(p.x, from + c);
  const float mean = sum_lanes(sum(total)) / count;
  vec4 squares = vec4(0);
  for (uint c = lane(); c < p.columns; c += LANES) {
    const vec4 d = load(p.x, from + c) - mean;
    squares += d * d;
  }
  const float factor = 1 / sqrt(sum_lanes(sum(squares)) / count + p.eps);
  if (row >= p.rows) return;
  for (uint c = lane(); c < p.columns; c += LANES) {
    const vec4 d = load(p.x, from + c) - mean;
    store(p.y, from + c, d * factor * load(p.weight, c) + load(p.bias, c));
  }
}
