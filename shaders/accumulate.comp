#version 460
// kernel forward f32
//
// target += factor x, in place.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/accumulate.h"

void main() {
  EACH(i, p.count) {
    store_float(p.target, i, load_float(p.target, i) + p.factor * load_float(p.x, i));
  }
}
