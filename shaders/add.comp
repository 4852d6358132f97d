#version 460
// kernel forward f32 f16
// kernel channel f32 f16
//
// forward: y = a + b. channel: y = a + b with a [N,...,C] and b [N,C].
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/add.h"

void main() {
  EACH(i, p.count) {
#ifdef KERNEL_channel
    const uint column = i - divide(i, p.columns) * p.columns.value;
    const uint j = divide(i, p.image) * p.columns.value + column;
#else
    const uint j = i;
#endif
    store(p.y, i, load(p.a, i) + load(p.b, j));
  }
}
