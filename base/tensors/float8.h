// 8-bit floats as bit patterns, as PyTorch's float8_e4m3fn and float8_e5m2 have them.
//
//   E4M3  1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinity, 0x7f and 0xff are NaN;
//         largest value 448
//   E5M2  1 sign, 5 exponent (bias 15), 2 mantissa bits: the upper half of a binary16
//
// Widening is exact. Narrowing rounds to nearest, ties to even. What is too large becomes NaN in
// E4M3 and infinity in E5M2; nothing saturates.
#pragma once

#include <bit>
#include <cstdint>

#include "base/tensors/half.h"

namespace lacuna {

constexpr float float_from_e4m3(uint8_t e4m3) {
  const uint32_t sign = (e4m3 & 0x80u) << 24;
  const uint32_t rest = e4m3 & 0x7fu;
  uint32_t bits = 0x7ff00000;  // NaN
  if (rest < 0x08)
    bits = std::bit_cast<uint32_t>(static_cast<float>(rest) * 0x1p-9f);  // subnormal or zero
  else if (rest < 0x7f)
    bits = (rest << 20) + ((127 - 7) << 23);
  return std::bit_cast<float>(sign | bits);
}

constexpr uint8_t e4m3_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 24 & 0x80;
  const uint32_t rest = bits & 0x7fffffff;
  uint32_t e4m3 = 0x7f;
  if (rest < 0x3c800000) {
    // Below 2^-6 the unit is 2^-9, the unit of numbers from 2^14 to 2^15: the addition rounds.
    e4m3 = std::bit_cast<uint32_t>(std::bit_cast<float>(rest) + 0x1p14f) - 0x46800000;
  } else if (rest <= 0x43e80000) {  // beyond 464, the middle of 448 and 480, there is NaN alone
    e4m3 = (rest - ((127 - 7) << 23) + 0x7ffff + (rest >> 20 & 1)) >> 20;
  }
  return static_cast<uint8_t>(sign | e4m3);
}

constexpr float float_from_e5m2(uint8_t e5m2) {
  return float_from_half(static_cast<uint16_t>(e5m2 << 8));
}

constexpr uint8_t e5m2_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 24 & 0x80;
  const uint32_t rest = bits & 0x7fffffff;
  uint32_t e5m2 = 0x7c;
  if (rest > 0x7f800000) {
    e5m2 = 0x7f;  // NaN
  } else if (rest < 0x38800000) {
    // Below 2^-14 the unit is 2^-16, the unit of numbers from 2^7 to 2^8: the addition rounds.
    e5m2 = std::bit_cast<uint32_t>(std::bit_cast<float>(rest) + 0x1p7f) - 0x43000000;
  } else if (rest < 0x47700000) {  // 61440 and above round to infinity
    e5m2 = (rest - ((127 - 15) << 23) + 0xfffff + (rest >> 21 & 1)) >> 21;
  }
  return static_cast<uint8_t>(sign | e5m2);
}

}  // namespace lacuna
