#version 460
// kernel tiles f32 f16
// kernel lanes f32 f16
//
// Gradient of the convolution in conv2d.comp with respect to its weight, as an implicit matrix
// product. Pixel o of y meets pixel i = o stride + k - pad of x at tap k. Hence
//
// dW [taps C, O]: sum over pixels o of x(i)^T dy(o), where i is inside x. The pixels may be split
// in parts that run side by side. `tiles` is for GPUs, `lanes` for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/conv2d_backward.h"

#ifdef KERNEL_tiles
#define A_ALONG_ROWS
#include "shaders/tile.glsl"

CONSTANT(bool, ROW_FOURS, true);  // channels is a multiple of 4
uint rows, end;

// Where element (row, k) of a is in x, or -1.
int element(uint row, uint k) {
  if (row >= rows || k >= end) return -1;
  const uint tap = row / p.channels, tap_y = tap / p.kernel_width;
  const uint line = k / p.out_width, image = line / p.out_height;
  const uint y = (line - image * p.out_height) * p.stride_y + tap_y - p.top;
  const uint x = (k - line * p.out_width) * p.stride_x + (tap - tap_y * p.kernel_width) - p.left;
  if (y >= p.in_height || x >= p.in_width) return -1;  // below zero wraps around
  return int(((image * p.in_height + y) * p.in_width + x) * p.channels + (row - tap * p.channels));
}

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (ROW_FOURS) {
    const int at = element(row, k);
    if (at >= 0) value = vec4(CAST(TBuf4, p.x).at[at / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      const int at = element(row + i, k);
      if (at >= 0) value[i] = float(p.x.at[at]);
    }
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  return k < end ? load4_float(p.dy, k * p.out_channels, column, p.out_channels) : vec4(0);
}

void main() {
  const uint part = row_group / p.row_groups;
  tile_row -= part * p.row_groups * TILE_ROWS;
  rows = p.kernel_height * p.kernel_width * p.channels;
  end = min((part + 1) * p.part, p.images * p.out_height * p.out_width);
  tile_product(part * p.part, end);
  uint begin[THREAD_ROWS];
  [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) begin[r] =
      (part * rows + sum_row(r)) * p.out_channels;
  store_gradient(p.result, begin, rows, p.out_channels);
}
#endif

#ifdef KERNEL_lanes
#include "shaders/tile_lanes.glsl"

// The pixels along a line of y that meet the image at this tap: [first, end).
uvec2 span(uint tap) {
  const uint stride = p.stride_x;
  const uint first = p.left > tap ? (p.left - tap + stride - 1) / stride : 0;
  const uint beyond = p.in_width + p.left;  // the first pixel right of the image, as o stride + k
  return uvec2(first, tap < beyond ? min(p.out_width, (beyond - tap + stride - 1) / stride) : 0);
}

// All of a group belongs to one tap, so that no pixel needs a test. The tile is transposed: its
// rows are channels of dy, its columns those of x, which a lane loads most of and which are
// narrower where T is. (Here W is T.)
void main() {
  const uint taps = p.kernel_height * p.kernel_width;
  const uint group = row_group() / p.row_groups, part = group / taps, tap = group - part * taps;
  begin_tile(row_group() - group * p.row_groups);
  const uint tap_y = tap / p.kernel_width, tap_x = tap - tap_y * p.kernel_width;
  const uvec2 xs = span(tap_x);
  const uint result = group * p.channels * p.out_channels;
  if (p.first > 0) load_gradient_transposed(p.result, result, p.out_channels, p.channels);
  const uint first = part * p.part + p.first;
  const uint end = min(min(first + p.chunk, (part + 1) * p.part), p.images * p.out_height);
  for (uint line = first; line < end; line++) {
    const uint image = line / p.out_height;
    const uint y = (line - image * p.out_height) * p.stride_y + tap_y - p.top;
    if (y >= p.in_height) continue;  // below zero wraps around
    const uint from =
        ((image * p.in_height + y) * p.in_width + xs.x * p.stride_x + tap_x - p.left) * p.channels;
    const uint dy_line = line * p.out_width;
    for (uint x = xs.x; x < xs.y; x += DEPTH_STEP) {
      load_a_transposed(p.dy, dy_line + x, dy_line + xs.y, p.out_channels);
      multiply_add(CAST(WBuf, p.x), from, p.stride_x * p.channels, x - xs.x, xs.y - xs.x - 1,
                   p.channels);
    }
  }
  store_gradient_transposed(p.result, result, p.out_channels, p.channels);
}
#endif
