#version 460
// kernel delta f32 f16
// kernel merge f32
//
// Sums that attention's gradient needs besides attention_backward.comp.
//
// delta [B,heads,Tq] = sum over a head's channels of dy y. merge: the sum of the parts that groups
// made of one gradient, in their order.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/attention_sums.h"

void main() {
  EACH(i, p.count) {
    vec4 total = vec4(0);
#ifdef KERNEL_delta
    for (uint k = 0; k < p.terms; k++)
      total += load(p.y, i * p.terms + k) * load_float(p.dy, i * p.terms + k);
    const uint token = divide(i, p.heads), head = i - token * p.heads.value;
    const uint batch = divide(token, p.queries), query = token - batch * p.queries.value;
    p.sum.at[(batch * p.heads.value + head) * p.queries.value + query] = sum(total);
#else
    for (uint k = 0; k < p.terms; k++) total += load_float(p.dy, k * p.count + i);
    store_float(p.sum, i, total);
#endif
  }
}
