#version 460
// kernel forward f32
//
// Three floats from -1 to 1 become the bytes red, green, blue and 255 of one number, low byte
// first, rounded as pictures/image.h does it on the host: to the same bits.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/rgba8.h"

void main() {
  EACH(i, p.count) {
    uint pixel = 0xff000000u;
    for (uint c = 0; c < 3; c++) {
      precise const float value = clamp(p.x.at[3 * i + c] * 0.5f + 0.5f, 0.0f, 1.0f);
      // The comparison takes NaN to 0.
      precise const float level = value > 0 ? roundEven(value * 255) : 0.0f;
      pixel |= uint(level) << (8 * c);
    }
    p.y.at[i] = int(pixel);
  }
}
