#version 460
// kernel dx f32 f16
// kernel dx_lanes f32 f16
// kernel dw f32 f16
// kernel dw_lanes f32 f16
//
// Gradients of y = x W + b, x [R, K], W [K, N]:
//   dx = dy W^T  [R, K], summed over N
//   dW = x^T dy  [K, N], summed over R, in parts that run side by side
// `dx` and `dw` are for GPUs, the others for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/linear_backward.h"

#ifdef KERNEL_dx
#define B_ALONG_DEPTH
#include "shaders/tile.glsl"

CONSTANT(bool, DEPTH_FOURS, true);  // depth is a multiple of 4

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (row >= p.rows) return value;
  if (DEPTH_FOURS) {
    if (k < p.depth) value = CAST(FBuf4, p.dy).at[(row * p.depth + k) / 4];
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (k + i < p.depth) value[i] =
        p.dy.at[row * p.depth + k + i];
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  const uint begin = min(column, p.cols - 1) * p.depth + k;
  vec4 value = vec4(0);
  if (DEPTH_FOURS) {
    if (k < p.depth) value = vec4(CAST(WBuf4, p.weight).at[begin / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (k + i < p.depth) value[i] =
        float(p.weight.at[begin + i]);
  }
  return value;
}

void main() {
  tile_product(0, p.depth);
  uint begin[THREAD_ROWS];
  [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) begin[r] = sum_row(r) * p.cols;
  store_gradient(p.result, begin, p.rows, p.cols);
}
#endif

#ifdef KERNEL_dx_lanes
#include "shaders/tile_lanes.glsl"

void main() {
  begin_tile(row_group());
  uint begin[A_LOADS];
  [[unroll]] for (uint j = 0; j < A_LOADS; j++) begin[j] = min(tile.a_row[j], p.rows - 1) * p.depth;
  for (uint k = 0; k < p.depth; k += DEPTH_STEP) {
    [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
      float steps[DEPTH_STEP];
      load_steps_float(steps, p.dy, begin[j] + k);
      [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) tile.a[s][j] = steps[s];
    }
    multiply_add_transposed(p.weight, 0, p.depth, k, p.cols);
  }
  uint to[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) to[r] = tile.row[r] * p.cols;
  store_gradient(p.result, to, p.rows, p.cols);
}
#endif

#ifdef KERNEL_dw
#define A_ALONG_ROWS
#include "shaders/tile.glsl"

CONSTANT(bool, ROW_FOURS, true);  // rows are a multiple of 4
uint end;

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (k >= end) return value;
  if (ROW_FOURS) {
    if (row < p.rows) value = vec4(CAST(TBuf4, p.x).at[(k * p.rows + row) / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) if (row + i < p.rows) value[i] =
        float(p.x.at[k * p.rows + row + i]);
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  return k < end ? load4_float(p.dy, k * p.cols, column, p.cols) : vec4(0);
}

void main() {
  const uint part = row_group / p.row_groups;
  tile_row -= part * p.row_groups * TILE_ROWS;
  end = min((part + 1) * p.part, p.depth);
  tile_product(part * p.part, end);
  uint begin[THREAD_ROWS];
  [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) begin[r] =
      (part * p.rows + sum_row(r)) * p.cols;
  store_gradient(p.result, begin, p.rows, p.cols);
}
#endif

#ifdef KERNEL_dw_lanes
#include "shaders/tile_lanes.glsl"

// The tile is transposed: its rows are columns of dy, its columns those of x, which a lane loads
// most of and which are narrower where T is. (Here W is T.)
void main() {
  const uint part = row_group() / p.row_groups, result = part * p.rows * p.cols;
  begin_tile(row_group() - part * p.row_groups);
  if (p.first > 0) load_gradient_transposed(p.result, result, p.cols, p.rows);
  const uint from = part * p.part + p.first;
  const uint end = min(min(from + p.chunk, (part + 1) * p.part), p.depth);
  for (uint k = from; k < end; k += DEPTH_STEP) {
    load_a_transposed(p.dy, k, end, p.cols);
    multiply_add(CAST(WBuf, p.x), 0, p.rows, k, end - 1, p.rows);
  }
  store_gradient_transposed(p.result, result, p.cols, p.rows);
}
#endif
