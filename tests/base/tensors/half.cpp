#include "base/tensors/half.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

using namespace lacuna;

TEST_CASE("half and bfloat survive the way to float and back") {
  for (uint32_t bits = 0; bits < 65536; bits++) {
    const auto half = static_cast<uint16_t>(bits);
    const bool half_nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff);
    const bool bfloat_nan = (half & 0x7f80) == 0x7f80 && (half & 0x7f);
    if (half_from_float(float_from_half(half)) != (half_nan ? half | 0x200 : half)) FAIL(bits);
    if (bfloat_from_float(float_from_bfloat(half)) != (bfloat_nan ? half | 0x40 : half)) FAIL(bits);
    if (half_nan != static_cast<bool>(std::isnan(float_from_half(half)))) FAIL(bits);
  }
  CHECK(float_from_half(0x3c00) == 1.0f);
  CHECK(float_from_half(0x0001) == 0x1p-24f);
  CHECK(float_from_half(0x03ff) == 1023 * 0x1p-24f);
  CHECK(float_from_half(0x7bff) == 65504.0f);
  CHECK(float_from_half(0xfc00) == -std::numeric_limits<float>::infinity());
}

TEST_CASE("narrowing rounds to the nearest half, ties to even") {
  for (uint32_t bits = 0; bits < 0x7bff; bits++) {  // every finite half and its upper neighbour
    const auto half = static_cast<uint16_t>(bits), next = static_cast<uint16_t>(bits + 1);
    const double low = float_from_half(half), high = float_from_half(next);
    const auto middle = static_cast<float>((low + high) / 2);  // exact: one bit more
    const uint16_t even = half % 2 == 0 ? half : next;
    if (half_from_float(middle) != even) FAIL(bits);
    if (half_from_float(std::nextafterf(middle, 0)) != half) FAIL(bits);
    if (half_from_float(std::nextafterf(middle, 1e9f)) != next) FAIL(bits);
    if (half_from_float(-middle) != (even | 0x8000)) FAIL(bits);
  }
  CHECK(half_from_float(65519.996f) == 0x7bff);
  CHECK(half_from_float(65520.0f) == 0x7c00);
  CHECK(half_from_float(std::numeric_limits<float>::denorm_min()) == 0);
  CHECK(half_from_float(0x1p-25f) == 0);
  CHECK(half_from_float(std::nextafterf(0x1p-25f, 1)) == 1);
  CHECK(bfloat_from_float(std::bit_cast<float>(0x3f808000u)) == 0x3f80);
  CHECK(bfloat_from_float(std::bit_cast<float>(0x3f818000u)) == 0x3f82);
  CHECK(bfloat_from_float(std::numeric_limits<float>::max()) == 0x7f80);
}
