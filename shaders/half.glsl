// Two halves in a word. lavapipe is slow to compile and to run packHalf2x16, so that CPU drivers
// round to nearest even with integers, as base/tensors/half.h does: 1.6 times as fast for silu.
#ifndef LACUNA_HALF_GLSL
#define LACUNA_HALF_GLSL

#include "shaders/constants.h"

CONSTANT(bool, CPU_DRIVER, false);

uint half_bits(float value) {
  const uint bits = floatBitsToUint(value), rest = bits & 0x7fffffff;
  // Below 2^-14 the unit is 2^-24, the unit of numbers from 0.5 to 1: the addition rounds.
  const uint small = floatBitsToUint(uintBitsToFloat(rest) + 0.5) - 0x3f000000;
  const uint normal = (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13;
  const uint large = rest > 0x7f800000 ? 0x7e00 : 0x7c00;
  return (bits >> 16 & 0x8000) | (rest < 0x38800000 ? small : rest < 0x477ff000 ? normal : large);
}
uint half_pair(vec2 values) {
  return CPU_DRIVER ? half_bits(values.x) | half_bits(values.y) << 16 : packHalf2x16(values);
}

#endif
