#version 460
// kernel forward f32 f16
//
// delta [B,heads,Tq] = sum over a head's channels of dy y: what attention_backward.comp subtracts.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/attention_delta.h"

void main() {
  EACH(i, p.count) {
    vec4 total = vec4(0);
    for (uint k = 0; k < p.terms; k++)
      total += load(p.y, i * p.terms + k) * load_float(p.dy, i * p.terms + k);
    const uint token = divide(i, p.heads), head = i - token * p.heads.value;
    const uint batch = divide(token, p.queries), query = token - batch * p.queries.value;
    p.delta.at[(batch * p.heads.value + head) * p.queries.value + query] = sum(total);
  }
}
