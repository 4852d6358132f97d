#version 460
// kernel tiles f32 f16
// kernel lanes f32 f16
//
// Gradient of the convolution in conv2d.comp with respect to x, as an implicit matrix product.
// Pixel o of y meets pixel i of x at tap k where i + pad = o stride + k, in y and in x. Hence
//
// dx [pixels of x, C]: sum over taps and channels of y of dy(o) W(k)^T, where o = (i + pad - k) /
// stride is whole and inside y. Pixels with equal (i + pad) mod stride share their taps, so the
// rows of the product are split into stride_y x stride_x such phases, each of which wastes no tap.
// `tiles` is for GPUs, `lanes` for CPU drivers.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/conv2d_backward.h"

// One direction of a phase: tap `phase` + stride t moves pixel first + stride j of x to pixel
// base + j - t of y.
struct Axis {
  uint phase, first, count, base, taps;
};
Axis axis_of(uint phase, uint stride, uint pad, uint size, uint kernel) {
  Axis axis;
  axis.phase = phase;
  axis.first = (phase + pad * (stride - 1)) % stride;  // phase - pad, modulo stride
  axis.count = (size - axis.first + stride - 1) / stride;
  axis.base = (axis.first + pad - phase) / stride;
  axis.taps = (kernel - phase + stride - 1) / stride;
  return axis;
}
Axis vertical, horizontal;
uint rows;  // of this phase

void begin_phase(uint phase) {
  vertical = axis_of(phase / p.stride_x, p.stride_y, p.top, p.in_height, p.kernel_height);
  horizontal = axis_of(phase % p.stride_x, p.stride_x, p.left, p.in_width, p.kernel_width);
  rows = p.images * vertical.count * horizontal.count;
}

// Image, and y and x within the phase.
uvec3 pixel_of(uint row) {
  const uint line = row / horizontal.count, image = line / vertical.count;
  return uvec3(image, line - image * vertical.count, row - line * horizontal.count);
}

// Where this row's pixel starts in dx.
uint result_begin(uint row) {
  const uvec3 at = pixel_of(row);
  const uint y = vertical.first + p.stride_y * at.y, x = horizontal.first + p.stride_x * at.z;
  return ((at.x * p.in_height + y) * p.in_width + x) * p.channels;
}

// Where the pixel of dy that a tap of the phase meets starts, or -1 outside.
int source(uvec3 at, uint tap_y, uint tap_x) {
  const uint y = vertical.base + at.y - tap_y, x = horizontal.base + at.z - tap_x;
  const bool inside = y < p.out_height && x < p.out_width;  // below zero wraps around
  return inside ? int(((at.x * p.out_height + y) * p.out_width + x) * p.out_channels) : -1;
}

// Where the matrix [C, O] of a tap of the phase starts in the weight.
uint tap_begin(uint tap_y, uint tap_x) {
  const uint y = vertical.phase + p.stride_y * tap_y, x = horizontal.phase + p.stride_x * tap_x;
  return (y * p.kernel_width + x) * p.channels * p.out_channels;
}

#ifdef KERNEL_tiles
#define B_ALONG_DEPTH
#include "shaders/tile.glsl"

CONSTANT(bool, DEPTH_FOURS, true);  // out_channels is a multiple of 4
uint depth;

// Tap of the phase in y and x, and channel.
uvec3 split_depth(uint k) {
  // A phase has no tap if the stride is larger than the kernel.
  const uint tap = k / p.out_channels, y = tap / max(horizontal.taps, 1);
  return uvec3(y, tap - y * horizontal.taps, k - tap * p.out_channels);
}

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (row >= rows) return value;
  const uvec3 at = pixel_of(row);
  [[unroll]] for (uint i = 0; i < (DEPTH_FOURS ? 1 : 4); i++) {
    const uvec3 tap = split_depth(k + i);
    const int begin = k + i < depth ? source(at, tap.x, tap.y) : -1;
    if (begin < 0) continue;
    if (DEPTH_FOURS) return CAST(FBuf4, p.dy).at[(begin + tap.z) / 4];
    value[i] = p.dy.at[begin + tap.z];
  }
  return value;
}

vec4 load_b(uint k, uint column) {
  vec4 value = vec4(0);
  [[unroll]] for (uint i = 0; i < (DEPTH_FOURS ? 1 : 4); i++) {
    if (k + i >= depth) continue;
    const uvec3 tap = split_depth(k + i);
    const uint at = tap_begin(tap.x, tap.y) + min(column, p.channels - 1) * p.out_channels + tap.z;
    if (DEPTH_FOURS) return vec4(CAST(WBuf4, p.weight).at[at / 4]);
    value[i] = float(p.weight.at[at]);
  }
  return value;
}

void main() {
  const uint phase = row_group / p.row_groups;
  tile_row -= phase * p.row_groups * TILE_ROWS;
  begin_phase(phase);
  if (rows == 0) return;  // an image smaller than the stride
  depth = vertical.taps * horizontal.taps * p.out_channels;
  tile_product(0, depth);
  uint begin[THREAD_ROWS];
  [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) begin[r] = result_begin(sum_row(r));
  store_gradient(p.result, begin, rows, p.channels);
}
#endif

#ifdef KERNEL_lanes
#include "shaders/tile_lanes.glsl"

void main() {
  const uint phase = row_group() / p.row_groups;
  begin_tile(row_group() - phase * p.row_groups);
  begin_phase(phase);
  if (rows == 0) return;  // an image smaller than the stride
  uvec3 at[A_LOADS];
  [[unroll]] for (uint j = 0; j < A_LOADS; j++) at[j] = pixel_of(min(tile.a_row[j], rows - 1));
  for (uint tap_y = 0; tap_y < vertical.taps; tap_y++) {
    for (uint tap_x = 0; tap_x < horizontal.taps; tap_x++) {
      const uint weight = tap_begin(tap_y, tap_x);
      uint begin[A_LOADS];
      bool inside[A_LOADS];
      [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
        const int pixel = source(at[j], tap_y, tap_x);
        inside[j] = pixel >= 0;
        begin[j] = uint(max(pixel, 0));
      }
      for (uint k = 0; k < p.out_channels; k += DEPTH_STEP) {
        [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
          float steps[DEPTH_STEP];
          load_steps_float(steps, p.dy, begin[j] + k);
          [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) tile.a[s][j] = inside[j] ? steps[s] : 0;
        }
        multiply_add_transposed(p.weight, weight, p.out_channels, k, p.channels);
      }
    }
  }
  uint begin[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) begin[r] = result_begin(min(tile.row[r], rows - 1));
  store_gradient(p.result, begin, rows, p.channels);
}
#endif
