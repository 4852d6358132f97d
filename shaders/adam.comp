#version 460
// kernel forward f32
//
// One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), in place, in the
// order of operations of torch.optim (foreach=False):
//
//   w *= 1 - lr decay (AdamW), or g += decay w (Adam)
//   m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2
//   w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//
// after g *= min(1, largest norm / (norm + 1e-6)). Then g = 0, also where the norm is not finite
// and nothing else happens.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/adam.h"

CONSTANT(bool, DECOUPLED, false);

void main() {
  const float norm = p.norm.at[0];
  // By its bits: compilers may take floats to be finite.
  const bool finite = (floatBitsToUint(norm) & 0x7f800000) != 0x7f800000;
  const float decay = p.step.at[0], blend1 = p.step.at[1], beta2 = p.step.at[2];
  const float blend2 = p.step.at[3], rate = p.step.at[4], root = p.step.at[5];
  const float eps = p.step.at[6], largest = p.step.at[7];
  const float clip = largest > 0 ? min(1, largest / (norm + 1e-6)) : 1;
  EACH(i, p.count) {
    if (finite) {
      vec4 w = load_float(p.weight, i), m = load_float(p.moment1, i);
      vec4 g = load_float(p.gradient, i) * clip;
      if (DECOUPLED)
        w *= decay;
      else
        g += decay * w;
      m += blend1 * (g - m);
      const vec4 v = load_float(p.moment2, i) * beta2 + blend2 * g * g;
      store_float(p.moment1, i, m);
      store_float(p.moment2, i, v);
      store_float(p.weight, i, w - rate * m / (sqrt(v) / root + eps));
    }
    store_float(p.gradient, i, vec4(0));
  }
}
