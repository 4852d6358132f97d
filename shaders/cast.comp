#version 460
// kernel narrow f16
// kernel widen f16
//
// f32 to f16 and back.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/cast.h"

void main() {
  EACH(i, p.count) {
#ifdef KERNEL_narrow
    store(p.halves, i, load_float(p.floats, i));
#else
    store_float(p.floats, i, load(p.halves, i));
#endif
  }
}
