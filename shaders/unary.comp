#version 460
// kernel forward f32 f16
// kernel backward f32 f16
//
// forward: y = f(x), element by element. backward: dx = dy f'(x).
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/elementwise.glsl"
#include "shaders/unary.h"

CONSTANT(uint, FUNCTION, UNARY_SCALE);

vec4 f(vec4 x) {
  if (FUNCTION == UNARY_SILU) return silu(x);
  if (FUNCTION == UNARY_GELU) return gelu(x);
  if (FUNCTION == UNARY_QUICK_GELU) return quick_gelu(x);
  if (FUNCTION == UNARY_RELU) return max(x, vec4(0));
  if (FUNCTION == UNARY_SIGMOID) return sigmoid(x);
  if (FUNCTION == UNARY_TANH) return hyperbolic_tangent(x);
  return x * p.factor;
}

vec4 slope(vec4 x) {
  if (FUNCTION == UNARY_SILU) return silu_slope(x);
  if (FUNCTION == UNARY_GELU) return gelu_slope(x);
  if (FUNCTION == UNARY_QUICK_GELU) return quick_gelu_slope(x);
  if (FUNCTION == UNARY_RELU) return mix(vec4(0), vec4(1), greaterThan(x, vec4(0)));
  if (FUNCTION == UNARY_SIGMOID) return sigmoid_slope(x);
  return hyperbolic_tangent_slope(x);
}

void main() {
#ifdef KERNEL_forward
  EACH(i, p.count) store(p.y, i, f(load(p.x, i)));
#else
  EACH(i, p.count) store_float(p.dx, i, load_float(p.dy, i) * slope(load(p.x, i)));
#endif
}
