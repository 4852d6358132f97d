#version 460
// kernel fma f32
// kernel copy f32
//
// What a device reaches at best. fma: chains of multiply-adds that never leave the registers,
// several for each element so that the latency of one hides behind the others; their sum is stored,
// or a compiler would drop them. copy: y = x.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/peak.h"

#ifdef KERNEL_fma
vec4 chains(vec4 x) {
  vec4 a[PEAK_CHAINS];
  [[unroll]] for (uint k = 0; k < PEAK_CHAINS; k++) a[k] = x + float(k);
  for (uint s = 0; s < p.steps; s += PEAK_UNROLLED)
    [[unroll]] for (uint u = 0; u < PEAK_UNROLLED; u++)
        [[unroll]] for (uint k = 0; k < PEAK_CHAINS; k++) a[k] =
            fma(a[k], vec4(p.factor), vec4(p.term));
  vec4 total = vec4(0);
  [[unroll]] for (uint k = 0; k < PEAK_CHAINS; k++) total += a[k];
  return total;
}
#endif

void main() {
#ifdef KERNEL_fma
  EACH(i, p.count) store(p.y, i, chains(load(p.x, i)));
#else
  EACH(i, p.count) store(p.y, i, load(p.x, i));
#endif
}
