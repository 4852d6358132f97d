#version 460
// kernel forward f32 f16 f32_f16
// kernel dx f32 f16
// kernel dw f32 f16
//
// Convolutions with dilation or groups, and their gradients, without tiles: an invocation sums what
// it makes on its own. Pixel o of y meets pixel i = o stride + k dilation - padding of x at tap k.
// Channels of group g of y see those of group g of x alone; the weight is [KH, KW, C / groups, O].
//
// forward: WIDTH channels of y. dx: one channel of x, over WIDTH channels of dy at a time. dw:
// WIDTH columns of dW, over the pixels of a part of all lines of y. WIDTH divides O / groups.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/conv2d_plain.h"

CONSTANT(bool, BIAS, false);
CONSTANT(bool, RESIDUAL, false);

uint in_each = p.channels / p.groups;   // channels of a group of x
uint columns = p.out_channels / WIDTH;  // vectors of a pixel of y
uint out_each = columns / p.groups;     // of a group
uint taps = p.kernel_height * p.kernel_width;

// Where pixel `o` of y meets x at a tap: huge outside, above and to the left.
uint met(uint o, uint tap, uint stride, uint dilation, uint before) {
  return o * stride + tap * dilation - before;
}

#ifdef KERNEL_forward
void main() {
  EACH(i, p.images * p.out_height * p.out_width * columns) {
    const uint pixel = i / columns, column = i - pixel * columns;
    const uint line = pixel / p.out_width, image = line / p.out_height;
    const uint oy = line - image * p.out_height, ox = pixel - line * p.out_width;
    const uint first = column / out_each * in_each;
    vec4 sum = vec4(0);
    for (uint tap = 0; tap < taps; tap++) {
      const uint ky = tap / p.kernel_width, kx = tap - ky * p.kernel_width;
      const uint y = met(oy, ky, p.stride_y, p.dilation_y, p.top);
      const uint x = met(ox, kx, p.stride_x, p.dilation_x, p.left);
      if (y >= p.in_height || x >= p.in_width) continue;
      const uint from = ((image * p.in_height + y) * p.in_width + x) * p.channels + first;
      const uint weight = tap * in_each * columns + column;
      for (uint c = 0; c < in_each; c++)
        sum += float(p.x.at[from + c]) * load_weight(p.weight, weight + c * columns);
    }
    if (BIAS) sum += load_weight(p.bias, column);
    if (RESIDUAL) sum += load(p.residual, i);
    store(p.y, i, sum);
  }
}
#endif

#ifdef KERNEL_dx
// The pixel of y that meets pixel i of x at a tap, or huge if there is none.
uint source(uint i, uint tap, uint stride, uint dilation, uint before) {
  const uint at = i + before, shift = tap * dilation;
  return at >= shift && (at - shift) % stride == 0 ? (at - shift) / stride : 0xffffffff;
}

void main() {
  EACH(i, p.images * p.in_height * p.in_width * p.channels) {
    const uint pixel = i / p.channels, channel = i - pixel * p.channels;
    const uint line = pixel / p.in_width, image = line / p.in_height;
    const uint y = line - image * p.in_height, x = pixel - line * p.in_width;
    const uint group = channel / in_each, row = channel - group * in_each;
    vec4 total = vec4(0);
    for (uint tap = 0; tap < taps; tap++) {
      const uint ky = tap / p.kernel_width, kx = tap - ky * p.kernel_width;
      const uint oy = source(y, ky, p.stride_y, p.dilation_y, p.top);
      const uint ox = source(x, kx, p.stride_x, p.dilation_x, p.left);
      if (oy >= p.out_height || ox >= p.out_width) continue;
      const uint from =
          ((image * p.out_height + oy) * p.out_width + ox) * columns + group * out_each;
      const uint weight = (tap * in_each + row) * columns + group * out_each;
      for (uint o = 0; o < out_each; o++)
        total += load_float(p.dy, from + o) * load_weight(p.weight, weight + o);
    }
    p.result.at[i] = sum(total);
  }
}
#endif

#ifdef KERNEL_dw
void main() {
  const uint rows = taps * in_each, lines = p.images * p.out_height;
  const uint parts = (lines + p.part - 1) / p.part;
  EACH(i, parts * rows * columns) {
    const uint line_of_all = i / columns, column = i - line_of_all * columns;
    const uint part = line_of_all / rows, row = line_of_all - part * rows;
    const uint tap = row / in_each, ky = tap / p.kernel_width, kx = tap - ky * p.kernel_width;
    const uint channel = column / out_each * in_each + row - tap * in_each;
    vec4 sum = vec4(0);
    for (uint line = part * p.part; line < min((part + 1) * p.part, lines); line++) {
      const uint image = line / p.out_height, oy = line - image * p.out_height;
      const uint y = met(oy, ky, p.stride_y, p.dilation_y, p.top);
      if (y >= p.in_height) continue;
      for (uint ox = 0; ox < p.out_width; ox++) {
        const uint x = met(ox, kx, p.stride_x, p.dilation_x, p.left);
        if (x >= p.in_width) continue;
        const uint from = ((image * p.in_height + y) * p.in_width + x) * p.channels + channel;
        sum += float(p.x.at[from]) * load_float(p.dy, (line * p.out_width + ox) * columns + column);
      }
    }
    store_float(p.result, i, sum);
  }
}
#endif
