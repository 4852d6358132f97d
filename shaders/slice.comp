#version 460
// kernel forward f32 f16
// kernel backward f32
//
// forward: y is some neighbouring columns of every row of x. backward: those columns of dx are dy,
// the others 0.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/slice.h"

void main() {
  EACH(i, p.count) {
    const uint row = divide(i, p.columns);
    const uint column = i - row * p.columns.value;
#ifdef KERNEL_forward
    store(p.y, i, load(p.x, row * p.columns_x + p.begin + column));
#else
    const uint from = column - p.begin;  // huge where column < begin
    vec4 dy = vec4(0);
    if (from < p.columns_x) dy = load(p.x, row * p.columns_x + from);
    store(p.y, i, dy);
#endif
  }
}
