#version 460
// kernel forward f32 f16
// kernel forward_lanes f32 f16
//
// y = x W + b + residual: x [rows, depth], W [depth, cols], b [cols], residual [rows, cols].
// `forward` is for GPUs, `forward_lanes` for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/linear.h"

#ifdef KERNEL_forward
#include "shaders/tile.glsl"

layout(constant_id = 4) const bool DEPTH_FOURS = true;  // depth is a multiple of 4

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (row >= p.rows) return value;
  if (DEPTH_FOURS) {
    if (k < p.depth) value = vec4(TBuf4(p.x).at[(row * p.depth + k) / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (k + i < p.depth) value[i] =
        float(p.x.at[row * p.depth + k + i]);
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  return k < p.depth ? load4(p.weight, k * p.cols, column, p.cols) : vec4(0);
}

void main() {
  tile_product(0, p.depth);
  store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
}
#endif

#ifdef KERNEL_forward_lanes
#include "shaders/tile_lanes.glsl"

layout(constant_id = 6) const bool EVEN_DEPTH = true;

void main() {
  begin_tile(row_group());
  uint begin[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) begin[r] = min(tile.row[r], p.rows - 1) * p.depth;
  float a[ROWS];
  if (EVEN_DEPTH) {
    float next[ROWS];
    for (uint k = 0; k < p.depth; k += 2) {
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const vec2 pair = load_pair(p.x, begin[r] + k);
        a[r] = pair.x;
        next[r] = pair.y;
      }
      multiply_add(a, p.weight, k, p.cols);
      multiply_add(next, p.weight, k + 1, p.cols);
    }
  } else {
    for (uint k = 0; k < p.depth; k++) {
      [[unroll]] for (uint r = 0; r < ROWS; r++) a[r] = float(p.x.at[begin[r] + k]);
      multiply_add(a, p.weight, k, p.cols);
    }
  }
  store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
}
#endif
