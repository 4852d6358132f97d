// 16-bit floats as bit patterns: IEEE binary16 and bfloat16, to and from float.
//
// Exact both ways: subnormals, infinities and NaN payloads are kept (a NaN narrows to a quiet NaN),
// and narrowing rounds to nearest, ties to even, as PyTorch and the F16C instructions do.
#pragma once

#include <bit>
#include <cstdint>

namespace lacuna {

constexpr float float_from_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t rest = half & 0x7fffu;
  uint32_t bits = rest << 13;
  if (rest >= 0x7c00) {
    bits += (255 - 31) << 23;  // infinity or NaN
  } else if (rest >= 0x0400) {
    bits += (127 - 15) << 23;
  } else {
    bits = std::bit_cast<uint32_t>(static_cast<float>(rest) * 0x1p-24f);  // subnormal or zero
  }
  return std::bit_cast<float>(sign | bits);
}

constexpr uint16_t half_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t rest = bits & 0x7fffffff;
  uint32_t half = 0x7c00;
  if (rest > 0x7f800000) {
    half = 0x7e00 | (rest >> 13 & 0x3ff);  // NaN
  } else if (rest < 0x38800000) {
    // Below 2^-14 the unit is 2^-24, the unit of numbers from 0.5 to 1: the addition rounds.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(rest) + 0.5f) - 0x3f000000;
  } else if (rest < 0x477ff000) {  // 65520 and above round to infinity
    half = (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

constexpr float float_from_bfloat(uint16_t bfloat) {
  return std::bit_cast<float>(uint32_t{bfloat} << 16);
}

constexpr uint16_t bfloat_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);  // NaN
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace lacuna
