#version 460
// kernel forward f32 f16 f32_f16
// kernel forward_lanes f32 f16 f32_f16
//
// Convolution as an implicit matrix product (im2col without the copy): row m is a pixel of y,
// column k of a is tap (ky, kx) and channel c of x, and the weight [KH, KW, C, O] is the matrix b
// [KH KW C, O]. x and y are [N,H,W,C]. Taps outside the image are zero. A residual shaped like y
// may be added. On CPU drivers a dispatch sums one chunk of the depth on top of those before; the
// last one makes y.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/conv2d.h"

// Where a pixel of y starts reading: image, and y and x of tap (0, 0), which may be negative.
ivec3 origin(uint row) {
  const uint line = row / p.out_width, image = line / p.out_height;
  return ivec3(image, int((line - image * p.out_height) * p.stride_y) - int(p.top),
               int((row - line * p.out_width) * p.stride_x) - int(p.left));
}

// The first channel of the pixel that tap (ky, kx) reads, or -1 outside the image.
int pixel(ivec3 origin, uint ky, uint kx) {
  const int y = origin.y + int(ky), x = origin.z + int(kx);
  const bool inside = uint(y) < p.in_height && uint(x) < p.in_width;
  return inside ? ((origin.x * int(p.in_height) + y) * int(p.in_width) + x) * int(p.channels) : -1;
}

#ifdef KERNEL_forward
#include "shaders/tile.glsl"

CONSTANT(bool, CHANNEL_FOURS, true);  // channels is a multiple of 4

int at_tap(uint row, uint k) {
  const uint tap = k / p.channels, ky = tap / p.kernel_width;
  const int begin = pixel(origin(row), ky, tap - ky * p.kernel_width);
  return begin < 0 ? -1 : begin + int(k - tap * p.channels);
}

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  const uint depth = p.kernel_height * p.kernel_width * p.channels;
  if (row >= p.rows) return value;
  if (CHANNEL_FOURS) {
    const int at = k < depth ? at_tap(row, k) : -1;
    if (at >= 0) value = vec4(CAST(TBuf4, p.x).at[at / 4]);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      const int at = k + i < depth ? at_tap(row, k + i) : -1;
      if (at >= 0) value[i] = float(p.x.at[at]);
    }
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  const uint depth = p.kernel_height * p.kernel_width * p.channels;
  return k < depth ? load4_weight(p.weight, k * p.cols, column, p.cols) : vec4(0);
}

void main() {
  tile_product(0, p.kernel_height * p.kernel_width * p.channels);
  store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
}
#endif

#ifdef KERNEL_forward_lanes
#include "shaders/tile_lanes.glsl"

void main() {
  begin_tile(row_group());
  ivec3 start[A_LOADS];
  [[unroll]] for (uint j = 0; j < A_LOADS; j++) start[j] = origin(min(tile.a_row[j], p.rows - 1));
  uint at[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) at[r] = min(tile.row[r], p.rows - 1) * p.cols;
  if (p.first > 0) load_gradient(p.sums, at, p.cols);
  const uint first_tap = p.first / p.channels, end_tap = (p.end + p.channels - 1) / p.channels;
  for (uint tap = first_tap; tap < end_tap; tap++) {
    const uint ky = tap / p.kernel_width, kx = tap - ky * p.kernel_width, k = tap * p.channels;
    uint begin[A_LOADS];
    bool inside[A_LOADS];
    [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
      const int from = pixel(start[j], ky, kx);
      inside[j] = from >= 0;
      begin[j] = uint(max(from, 0));
    }
    const uint end = min(p.end - k, p.channels);
    for (uint c = max(p.first, k) - k; c < end; c += DEPTH_STEP) {
      [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
        float steps[DEPTH_STEP];
        load_steps(steps, p.x, begin[j] + c);
        [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) tile.a[s][j] = inside[j] ? steps[s] : 0;
      }
      multiply_add(p.weight, 0, p.cols, k + c, k + c + DEPTH_STEP - 1, p.cols);
    }
  }
  if (p.end < p.kernel_height * p.kernel_width * p.channels) {
    store_gradient(p.sums, at, p.rows, p.cols);
  } else {
    store_tile(p.y, p.bias, p.residual, p.rows, p.cols);
  }
}
#endif
