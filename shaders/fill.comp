#version 460
// kernel forward f32
//
// y = value, everywhere.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/fill.h"

void main() { EACH(i, p.count) store_float(p.y, i, vec4(p.value)); }
