#version 460
// kernel dx f32 f16
// kernel dx_lanes f32 f16
// kernel dw f32 f16
// kernel dw_lanes f32 f16
//
// Gradients of the convolution in conv2d.comp as implicit matrix products. Pixel o of y meets pixel
// i of x at tap k where i + pad = o stride + k, in y and in x. Hence, with all sums gathered:
//
// dx [pixels of x, C]: sum over taps and channels of y of dy(o) W(k)^T, where o = (i + pad - k) /
// stride is whole and inside y. Pixels with equal (i + pad) mod stride share their taps, so the
// rows of the product are split into stride x stride such phases, each of which wastes no tap.
//
// dW [taps C, O]: sum over pixels o of x(i)^T dy(o), where i is inside x. The pixels may be
// split in parts that run side by side.
#extension GL_GOOGLE_include_directive : require
#include "shaders/types.glsl"
#include "shaders/conv2d_backward.h"

#if defined(KERNEL_dx) || defined(KERNEL_dx_lanes)
// One direction of a phase: tap `phase` + stride t moves pixel first + stride j of x to pixel
// base + j - t of y.
struct Axis {
  uint phase, first, count, base, taps;
};
Axis axis_of(uint phase, uint size, uint kernel) {
  Axis axis;
  axis.phase = phase;
  axis.first = (phase + p.pad * (p.stride - 1)) % p.stride;  // phase - pad, modulo stride
  axis.count = (size - axis.first + p.stride - 1) / p.stride;
  axis.base = (axis.first + p.pad - phase) / p.stride;
  axis.taps = (kernel - phase + p.stride - 1) / p.stride;
  return axis;
}
Axis vertical, horizontal;
uint rows;  // of this phase

void begin_phase(uint phase) {
  vertical = axis_of(phase / p.stride, p.in_height, p.kernel_height);
  horizontal = axis_of(phase % p.stride, p.in_width, p.kernel_width);
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
  const uint y = vertical.first + p.stride * at.y, x = horizontal.first + p.stride * at.z;
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
  const uint y = vertical.phase + p.stride * tap_y, x = horizontal.phase + p.stride * tap_x;
  return (y * p.kernel_width + x) * p.channels * p.out_channels;
}
#endif

#ifdef KERNEL_dx
#define B_ALONG_DEPTH
#include "shaders/tile.glsl"

layout(constant_id = 4) const bool DEPTH_FOURS = true;  // out_channels is a multiple of 4
uint depth;

// Tap of the phase in y and x, and channel.
uvec3 split_depth(uint k) {
  const uint tap = k / p.out_channels, y = tap / horizontal.taps;
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
    if (DEPTH_FOURS) return FBuf4(p.dy).at[(begin + tap.z) / 4];
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
    if (DEPTH_FOURS) return vec4(TBuf4(p.weight).at[at / 4]);
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

#ifdef KERNEL_dx_lanes
#include "shaders/tile_lanes.glsl"

layout(constant_id = 6) const bool EVEN_DEPTH = true;  // out_channels is even

void main() {
  const uint phase = row_group() / p.row_groups;
  begin_tile(row_group() - phase * p.row_groups);
  begin_phase(phase);
  if (rows == 0) return;  // an image smaller than the stride
  uvec3 at[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) at[r] = pixel_of(min(tile.row[r], rows - 1));
  for (uint tap_y = 0; tap_y < vertical.taps; tap_y++) {
    for (uint tap_x = 0; tap_x < horizontal.taps; tap_x++) {
      const uint weight = tap_begin(tap_y, tap_x);
      uint begin[ROWS];
      bool inside[ROWS];
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const int pixel = source(at[r], tap_y, tap_x);
        inside[r] = pixel >= 0;
        begin[r] = uint(max(pixel, 0));
      }
      float a[ROWS];
      if (EVEN_DEPTH) {
        float next[ROWS];
        for (uint k = 0; k < p.out_channels; k += 2) {
          [[unroll]] for (uint r = 0; r < ROWS; r++) {
            const vec2 pair = load_pair_float(p.dy, begin[r] + k);
            a[r] = inside[r] ? pair.x : 0;
            next[r] = inside[r] ? pair.y : 0;
          }
          multiply_add_transposed_pair(a, next, p.weight, weight, p.out_channels, k, p.channels);
        }
      } else {
        for (uint k = 0; k < p.out_channels; k++) {
          [[unroll]] for (uint r = 0; r < ROWS; r++) a[r] = inside[r] ? p.dy.at[begin[r] + k] : 0;
          multiply_add_transposed(a, p.weight, weight, p.out_channels, k, p.channels);
        }
      }
    }
  }
  uint begin[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) begin[r] = result_begin(min(tile.row[r], rows - 1));
  store_gradient(p.result, begin, rows, p.channels);
}
#endif

#ifdef KERNEL_dw
#define A_ALONG_ROWS
#include "shaders/tile.glsl"

layout(constant_id = 4) const bool ROW_FOURS = true;  // channels is a multiple of 4
uint rows, end;

// Where element (row, k) of a is in x, or -1.
int element(uint row, uint k) {
  if (row >= rows || k >= end) return -1;
  const uint tap = row / p.channels, tap_y = tap / p.kernel_width;
  const uint line = k / p.out_width, image = line / p.out_height;
  const uint y = (line - image * p.out_height) * p.stride + tap_y - p.pad;
  const uint x = (k - line * p.out_width) * p.stride + (tap - tap_y * p.kernel_width) - p.pad;
  if (y >= p.in_height || x >= p.in_width) return -1;  // below zero wraps around
  return int(((image * p.in_height + y) * p.in_width + x) * p.channels + (row - tap * p.channels));
}

vec4 load_a(uint row, uint k) {
  vec4 value = vec4(0);
  if (ROW_FOURS) {
    const int at = element(row, k);
    if (at >= 0) value = vec4(TBuf4(p.x).at[at / 4]);
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

#ifdef KERNEL_dw_lanes
#include "shaders/tile_lanes.glsl"

layout(constant_id = 6) const bool ROW_FOURS = true;  // of every lane, in order in memory

// The pixels along a line of y that meet the image at this tap: [first, end).
uvec2 span(uint tap) {
  const uint first = p.pad > tap ? (p.pad - tap + p.stride - 1) / p.stride : 0;
  const uint beyond = p.in_width + p.pad;  // the first pixel right of the image, as o stride + k
  return uvec2(first,
               tap < beyond ? min(p.out_width, (beyond - tap + p.stride - 1) / p.stride) : 0);
}

// All rows of a group belong to one tap, so that no pixel needs a test.
void main() {
  const uint taps = p.kernel_height * p.kernel_width;
  const uint group = row_group() / p.row_groups, part = group / taps, tap = group - part * taps;
  begin_tile(row_group() - group * p.row_groups);
  const uint tap_y = tap / p.kernel_width, tap_x = tap - tap_y * p.kernel_width;
  const uvec2 xs = span(tap_x);
  uint begin[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) begin[r] =
      (group * p.channels + min(tile.row[r], p.channels - 1)) * p.out_channels;
  if (p.first > 0) load_gradient(p.result, begin, p.out_channels);
  const uint first = part * p.part + p.first;
  const uint end = min(min(first + p.chunk, (part + 1) * p.part), p.images * p.out_height);
  for (uint line = first; line < end; line++) {
    const uint image = line / p.out_height;
    const uint y = (line - image * p.out_height) * p.stride + tap_y - p.pad;
    if (y >= p.in_height) continue;  // below zero wraps around
    uint from =
        ((image * p.in_height + y) * p.in_width + xs.x * p.stride + tap_x - p.pad) * p.channels;
    for (uint x = xs.x; x < xs.y; x++) {
      float a[ROWS];
      if (ROW_FOURS) {
        [[unroll]] for (uint r = 0; r < ROWS; r += 4) {
          const vec4 four = load_four(p.x, from + min(tile.row[r], p.channels - 4));
          [[unroll]] for (uint i = 0; i < 4; i++) a[r + i] = four[i];
        }
      } else {
        [[unroll]] for (uint r = 0; r < ROWS; r++) a[r] =
            float(p.x.at[from + min(tile.row[r], p.channels - 1)]);
      }
      multiply_add_float(a, p.dy, line * p.out_width + x, p.out_channels);
      from += p.stride * p.channels;
    }
  }
  store_gradient(p.result, begin, p.channels, p.out_channels);
}
#endif
