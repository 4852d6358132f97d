#version 460
// kernel forward f32 f16 f32_f16
// kernel backward f32 f16 f32_f16
// kernel sums f32 f16
//
// forward: y = xhat * weight + bias with xhat = (x - mean) / sqrt(var + eps) over each row
// (Ba et al. 2016). The mean first, then the variance around it: exact for large means too. A row
// stays in the cache.
//
// backward: dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps) with g = dy weight.
//
// sums: of dy and of dy xhat over the rows of a chunk, which end in dbias and dweight. An
// invocation owns WIDTH columns and walks down; neighbours read neighbouring columns.
#extension GL_GOOGLE_include_directive : require
#include "shaders/lanes.glsl"
#include "shaders/layer_norm.h"

#ifdef KERNEL_forward
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
    store(p.y, from + c, d * factor * load_weight(p.weight, c) + load_weight(p.bias, c));
  }
  if (lane() != 0) return;
  p.stats.at[2 * row] = mean;
  p.stats.at[2 * row + 1] = factor;
}
#endif

#ifdef KERNEL_backward
void main() {
  const uint row = row_index(), safe_row = min(row, p.rows - 1);
  const uint from = safe_row * p.columns;
  const float count = float(p.columns * WIDTH);
  const float mean = p.stats.at[2 * safe_row], factor = p.stats.at[2 * safe_row + 1];
  vec4 sums = vec4(0), products = vec4(0);
  for (uint c = lane(); c < p.columns; c += LANES) {
    const vec4 g = load_float(p.dy, from + c) * load_weight(p.weight, c);
    sums += g;
    products += g * (load(p.x, from + c) - mean);
  }
  const float mean_g = sum_lanes(sum(sums)) / count;
  const float mean_product = sum_lanes(sum(products)) * factor / count;
  if (row >= p.rows) return;
  for (uint c = lane(); c < p.columns; c += LANES) {
    // Rounded before the mean is taken off, as in the sum: 0 where a row has one element.
    precise const vec4 g = load_float(p.dy, from + c) * load_weight(p.weight, c);
    const vec4 xhat = (load(p.x, from + c) - mean) * factor;
    store_float(p.dx, from + c, (g - mean_g - xhat * mean_product) * factor);
  }
}
#endif

#ifdef KERNEL_sums
void main() {
  const uint column = gl_WorkGroupID.x * LOCAL + gl_LocalInvocationID.x;
  if (column >= p.columns) return;
  const uint first = gl_WorkGroupID.y * p.chunk, end = min(first + p.chunk, p.rows);
  vec4 sums = vec4(0), products = vec4(0);
  for (uint row = first; row < end; row++) {
    const uint i = row * p.columns + column;
    const vec4 dy = load_float(p.dy, i);
    sums += dy;
    products += dy * (load(p.x, i) - p.stats.at[2 * row]) * p.stats.at[2 * row + 1];
  }
  store_float(p.sums, gl_WorkGroupID.y * p.columns + column, sums);
  store_float(p.products, gl_WorkGroupID.y * p.columns + column, products);
}
#endif
