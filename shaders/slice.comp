#version 460
// kernel forward f32 f16
//
// Some neighbouring columns of every row.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/slice.h"

void main() {
  EACH(i, p.count) {
    const uint row = divide(i, p.columns);
    const uint column = i - row * p.columns.value;
    store(p.y, i, load(p.x, row * p.columns_x + p.begin + column));
  }
}
