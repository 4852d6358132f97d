#version 460
// kernel forward f32 f16 f32_f16
// kernel forward_lanes f32 f16 f32_f16
//
// y = x W + b + residual: x [rows, depth], W [depth, cols], b [cols], residual [rows, cols].
// `forward` is for GPUs, `forward_lanes` for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/linear.h"

#ifdef KERNEL_forward
#include "shaders/tile.glsl"

CONSTANT(bool, DEPTH_FOURS, true);  // depth is a multiple of 4

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (row >= p.rows) return value;
  if (DEPTH_FOURS) {
    if (k < p.depth) value = vec4(CAST(TBuf4, p.x).at[(row * p.depth + k) / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (k + i < p.depth) value[i] =
        float(p.x.at[row * p.depth + k + i]);
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  return k < p.depth ? load4_weight(p.weight, k * p.cols, column, p.cols) : vec4(0);
}

void main() {
  tile_product(0, p.depth);
  store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
}
#endif

#ifdef KERNEL_forward_lanes
#include "shaders/tile_lanes.glsl"

void main() {
  begin_tile(row_group());
  uint begin[A_LOADS];
  [[unroll]] for (uint j = 0; j < A_LOADS; j++) begin[j] = min(tile.a_row[j], p.rows - 1) * p.depth;
  for (uint k = 0; k < p.depth; k += DEPTH_STEP) {
    [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
      float steps[DEPTH_STEP];
      load_steps(steps, p.x, begin[j] + k);
      [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) tile.a[s][j] = steps[s];
    }
    multiply_add(p.weight, 0, p.cols, k, k + DEPTH_STEP - 1, p.cols);
  }
  store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
}
#endif
