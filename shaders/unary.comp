#version 460
// kernel forward f32 f16
// kernel backward f32 f16
//
// forward: y = f(x), element by element. backward: dx = dy f'(x).
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/elementwise.glsl"
#include "shaders/unary.h"

layout(constant_id = 3) const uint FUNCTION = 0;
const uint SILU = 0, GELU = 1, QUICK_GELU = 2, SCALE = 3;

vec4 f(vec4 x) {
  if (FUNCTION == SILU) return silu(x);
  if (FUNCTION == GELU) return gelu(x);
  if (FUNCTION == QUICK_GELU) return quick_gelu(x);
  return x * p.factor;
}

vec4 slope(vec4 x) {
  if (FUNCTION == SILU) return silu_slope(x);
  if (FUNCTION == GELU) return gelu_slope(x);
  return quick_gelu_slope(x);
}

void main() {
#ifdef KERNEL_forward
  EACH(i, p.count) store(p.y, i, f(load(p.x, i)));
#else
  EACH(i, p.count) store_float(p.dx, i, load_float(p.dy, i) * slope(load(p.x, i)));
#endif
}
