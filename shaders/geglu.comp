#version 460
// kernel forward f32 f16
// kernel backward f32 f16
//
// y = x[..., :C] gelu(x[..., C:])   (Shazeer 2020, "GLU variants improve transformer")
// backward: dx = (dy gelu(gate), dy value gelu'(gate)) of the halves value and gate.
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/elementwise.glsl"
#include "shaders/geglu.h"

void main() {
  EACH(i, p.count) {
    const uint value = i + divide(i, p.columns) * p.columns.value;
    const uint gate = value + p.columns.value;
#ifdef KERNEL_forward
    store(p.y, i, load(p.x, value) * gelu(load(p.x, gate)));
#else
    const vec4 dy = load_float(p.dy, i), x = load(p.x, gate);
    store_float(p.dx, value, dy * gelu(x));
    store_float(p.dx, gate, dy * load(p.x, value) * gelu_slope(x));
#endif
  }
}
