#version 460
// kernel forward f32 f16
//
// Rows of a followed by rows of b.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/concat.h"

void main() {
  EACH(i, p.count) {
    const uint row = divide(i, p.columns);
    const uint column = i - row * p.columns.value;
    if (column < p.columns_a) {
      store(p.y, i, load(p.a, row * p.columns_a + column));
    } else {
      store(p.y, i, load(p.b, row * p.columns_b + column - p.columns_a));
    }
  }
}
