#version 460
// kernel forward f32 f16
//
// y = x[..., :C] gelu(x[..., C:])   (Shazeer 2020, "GLU variants improve transformer")
#extension GL_GOOGLE_include_directive : require
#include "shaders/activation.glsl"
#include "shaders/elementwise.glsl"
#include "shaders/geglu.h"

void main() {
  EACH(i, p.count) {
    const uint value = i + divide(i, p.columns) * p.columns.value;
    store(p.y, i, load(p.x, value) * gelu(load(p.x, value + p.columns.value)));
  }
}
