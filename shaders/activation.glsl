// Activation functions of floats, and their derivatives.
#ifndef LACUNA_ACTIVATION_GLSL
#define LACUNA_ACTIVATION_GLSL

vec4 silu(vec4 x) { return x / (1 + exp(-x)); }
vec4 silu_slope(vec4 x) {
  const vec4 s = 1 / (1 + exp(-x));
  return s * (1 + x * (1 - s));
}

// The error function to about 1 ulp: a minimax polynomial near zero, 1 - exp(polynomial) further
// out (N. Juffa's coefficients). Both sides are evaluated, since lanes differ.
vec4 erf(vec4 x) {
  const vec4 t = abs(x), s = x * x;
  vec4 far = -1.72853470e-5 * t + 3.83197126e-4;
  far = far * s + (-3.88396438e-3 * t + 2.42546219e-2);
  far = far * t - 1.06777877e-1;
  far = far * t - 6.34846687e-1;
  far = far * t - 1.28717512e-1;
  far = sign(x) * (1 - exp(far * t - t));
  vec4 near = -5.96761703e-4 * s + 4.99119423e-3;
  near = near * s - 2.67681349e-2;
  near = near * s + 1.12819925e-1;
  near = near * s - 3.76125336e-1;
  near = near * s + 1.28379166e-1;
  near = near * x + x;
  return mix(near, far, greaterThan(t, vec4(0.927734375)));
}

vec4 gelu(vec4 x) { return 0.5 * x * (1 + erf(x * 0.70710678)); }
// Phi(x) + x phi(x)
vec4 gelu_slope(vec4 x) {
  return 0.5 * (1 + erf(x * 0.70710678)) + 0.39894228 * x * exp(-0.5 * x * x);
}

vec4 quick_gelu(vec4 x) { return x / (1 + exp(-1.702 * x)); }
vec4 quick_gelu_slope(vec4 x) {
  const vec4 s = 1 / (1 + exp(-1.702 * x));
  return s * (1 + 1.702 * x * (1 - s));
}

vec4 sigmoid(vec4 x) { return 1 / (1 + exp(-x)); }
vec4 sigmoid_slope(vec4 x) {
  const vec4 s = sigmoid(x);
  return s * (1 - s);
}

// A polynomial near zero, where the quotient would lose digits (Cephes' tanhf).
vec4 hyperbolic_tangent(vec4 x) {
  const vec4 t = abs(x), s = x * x, e = exp(-2 * t);
  const vec4 far = sign(x) * (1 - e) / (1 + e);
  vec4 near = -5.70498872745e-3 * s + 2.06390887954e-2;
  near = near * s - 5.37397155531e-2;
  near = near * s + 1.33314422036e-1;
  near = near * s - 3.33332819422e-1;
  near = near * s * x + x;
  return mix(near, far, greaterThan(t, vec4(0.625)));
}
// 1 - tanh^2 = 4 e / (1 + e)^2 with e = exp(-2 |x|), which keeps its digits far from zero.
vec4 hyperbolic_tangent_slope(vec4 x) {
  const vec4 e = exp(-2 * abs(x));
  return 4 * e / ((1 + e) * (1 + e));
}

#endif
