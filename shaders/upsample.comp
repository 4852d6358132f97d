#version 460
// kernel forward f32 f16
//
// Nearest neighbour: pixel (h, w) of y is pixel (floor(h H / H'), floor(w W / W')) of x.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/upsample.h"

void main() {
  EACH(i, p.count) {
    const uint pixel = divide(i, p.columns);
    const uint row = divide(pixel, p.width);
    const uint image = divide(row, p.height);
    const uint h = divide((row - image * p.height.value) * p.height_x, p.height);
    const uint w = divide((pixel - row * p.width.value) * p.width_x, p.width);
    const uint from = (image * p.height_x + h) * p.width_x + w;
    store(p.y, i, load(p.x, from * p.columns.value + i - pixel * p.columns.value));
  }
}
