#version 460
// kernel forward f32 f16
// kernel backward f32
//
// forward: nearest neighbour, pixel (h, w) of y is pixel (floor(h H / H'), floor(w W / W')) of x.
// backward: a pixel of dx is the sum of those pixels of dy that came from it: the rows from
// ceil(h H' / H) on, before ceil((h + 1) H' / H). It reads dy as x and writes dx as y.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/upsample.h"

// The first of `from` places that scaling to d.value places sends to place i.
uint first_of(uint i, uint from, Divisor d) { return divide(i * from + d.value - 1, d); }

void main() {
  EACH(i, p.count) {
    const uint pixel = divide(i, p.columns);
    const uint row = divide(pixel, p.width);
    const uint image = divide(row, p.height);
    const uint column = i - pixel * p.columns.value;
    const uint h = row - image * p.height.value, w = pixel - row * p.width.value;
#ifdef KERNEL_forward
    const uint h_x = divide(h * p.height_x, p.height), w_x = divide(w * p.width_x, p.width);
    const uint from = (image * p.height_x + h_x) * p.width_x + w_x;
    store(p.y, i, load(p.x, from * p.columns.value + column));
#else
    const uint h_end = first_of(h + 1, p.height_x, p.height);
    const uint w_begin = first_of(w, p.width_x, p.width);
    const uint w_end = first_of(w + 1, p.width_x, p.width);
    vec4 total = vec4(0);
    for (uint h_x = first_of(h, p.height_x, p.height); h_x < h_end; h_x++)
      for (uint w_x = w_begin; w_x < w_end; w_x++)
        total +=
            load(p.x, ((image * p.height_x + h_x) * p.width_x + w_x) * p.columns.value + column);
    store(p.y, i, total);
#endif
  }
}
