#version 460
// kernel max f32 f16
// kernel max_dx f32 f16
// kernel average f32 f16
// kernel average_dx f32
//
// A pixel of y is the largest, or the mean, of the pixels of x in its window, channel by channel.
// The padding is no pixel: it is never the largest, and the mean counts it only if COUNT_PADDING.
//
// Gradients are gathered: a pixel of dx adds up the windows that it lies in. Of the largest, the
// first in the window takes dy, as in PyTorch; max_dx finds it again instead of keeping an index.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/pool.h"

CONSTANT(bool, COUNT_PADDING, true);

// Rows [begin, end) of x that a window meets, or columns.
uvec2 window(uint at, uint stride, uint before, uint kernel, uint size) {
  const int first = int(at * stride) - int(before);
  return uvec2(max(first, 0), min(first + int(kernel), int(size)));
}
uvec2 window_rows(uint h) { return window(h, p.stride_y, p.top, p.kernel_height, p.in_height); }
uvec2 window_columns(uint w) { return window(w, p.stride_x, p.left, p.kernel_width, p.in_width); }

// Windows [begin, end) that row `at` of x lies in, or column.
uvec2 windows(uint at, uint stride, uint before, uint kernel, uint count) {
  const uint last = at + before;
  return uvec2(last < kernel ? 0 : (last - kernel) / stride + 1, min(last / stride + 1, count));
}

// What a mean divides by. Windows of ceil_mode may end beyond the padding, which counts nothing.
float pixels_of(uint h, uint w) {
  uvec2 ys = window_rows(h), xs = window_columns(w);
  if (COUNT_PADDING) {
    ys = uvec2(h * p.stride_y,
               min(h * p.stride_y + p.kernel_height, p.top + p.in_height + p.bottom));
    xs = uvec2(w * p.stride_x, min(w * p.stride_x + p.kernel_width, p.left + p.in_width + p.right));
  }
  return float((ys.y - ys.x) * (xs.y - xs.x));
}

// Whether v takes the place of the largest so far; what is not a number stays, once met.
bvec4 takes_over(vec4 v, vec4 largest) {
  return bvec4(uvec4(greaterThan(v, largest)) | uvec4(isnan(v)));
}

void main() {
  EACH(i, p.count) {
    const uint pixel = divide(i, p.columns);
    const uint row = divide(pixel, p.width);
    const uint image = divide(row, p.height);
    const uint column = i - pixel * p.columns.value;
    const uint h = row - image * p.height.value, w = pixel - row * p.width.value;
#if defined(KERNEL_max) || defined(KERNEL_average)
    const uvec2 ys = window_rows(h), xs = window_columns(w);
    vec4 total = vec4(0);
    bool first = true;
    for (uint y = ys.x; y < ys.y; y++) {
      for (uint x = xs.x; x < xs.y; x++) {
        const uint from = ((image * p.in_height + y) * p.in_width + x) * p.columns.value + column;
        const vec4 v = load(p.x, from);
#ifdef KERNEL_max
        total = first ? v : mix(total, v, takes_over(v, total));
        first = false;
#else
        total += v;
#endif
      }
    }
#ifdef KERNEL_average
    total /= pixels_of(h, w);
#endif
    store(p.y, i, total);
#else
    const uvec2 hs = windows(h, p.stride_y, p.top, p.kernel_height, p.out_height);
    const uvec2 ws = windows(w, p.stride_x, p.left, p.kernel_width, p.out_width);
    vec4 total = vec4(0);
    for (uint oh = hs.x; oh < hs.y; oh++) {
      for (uint ow = ws.x; ow < ws.y; ow++) {
        const uint at = ((image * p.out_height + oh) * p.out_width + ow) * p.columns.value + column;
        const vec4 dy = load_float(p.dy, at);
#ifdef KERNEL_average_dx
        total += dy / pixels_of(oh, ow);
#else
        const uvec2 ys = window_rows(oh), xs = window_columns(ow);
        vec4 largest = vec4(0), mine = vec4(0);
        bool first = true;
        for (uint y = ys.x; y < ys.y; y++) {
          for (uint x = xs.x; x < xs.y; x++) {
            const uint from =
                ((image * p.in_height + y) * p.in_width + x) * p.columns.value + column;
            const vec4 v = load(p.x, from);
            const bvec4 takes = first ? bvec4(true) : takes_over(v, largest);
            largest = mix(largest, v, takes);
            mine = mix(mine, vec4(y == h && x == w ? 1 : 0), takes);
            first = false;
          }
        }
        total += mix(vec4(0), dy, greaterThan(mine, vec4(0)));
#endif
      }
    }
    store_float(p.dx, i, total);
#endif
  }
}
