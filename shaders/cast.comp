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
    store(p.halves, i, WIDTH == 4 ? FBuf4(p.floats).at[i] : vec4(p.floats.at[i], 0, 0, 0));
#else
    const vec4 v = load(p.halves, i);
    if (WIDTH == 4) {
      FBuf4(p.floats).at[i] = v;
    } else {
      p.floats.at[i] = v.x;
    }
#endif
  }
}
