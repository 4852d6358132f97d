#version 460
// kernel forward f32 f16
// kernel backward f32
//
// forward: y = x. backward: dx = dy, but 0 in the first tokens of every sentence.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/detach.h"

void main() {
  EACH(i, p.count) {
#ifdef KERNEL_forward
    store(p.y, i, load(p.x, i));
#else
    const uint row = divide(i, p.columns);
    const uint token = row - divide(row, p.tokens) * p.tokens.value;
    vec4 dy = vec4(0);
    if (token >= p.detached) dy = load(p.x, i);
    store(p.y, i, dy);
#endif
  }
}
