// All 256 values of both types, and every float at which narrowing changes its mind.
#include "base/tensors/float8.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace lacuna;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The value of a pattern by the definition of the format; `special` tells NaN and infinity apart
// from numbers.
double value_of(int bits, int mantissa_bits, int bias) {
  const int mantissa = bits & ((1 << mantissa_bits) - 1), exponent = (bits & 0x7f) >> mantissa_bits;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                    : std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  return bits & 0x80 ? -magnitude : magnitude;
}

// `largest` is the pattern of the largest number, `beyond` what larger ones become.
template <typename Widen, typename Narrow>
void check(Widen widen, Narrow narrow, int mantissa_bits, int bias, int largest, int beyond) {
  for (int bits = 0; bits < 256; bits++) {
    CAPTURE(bits);
    const float value = widen(static_cast<uint8_t>(bits));
    CHECK(std::signbit(value) == (bits >= 128));
    if ((bits & 0x7f) > largest) continue;
    CHECK(value == value_of(bits, mantissa_bits, bias));
    CHECK(narrow(value) == bits);
  }
  for (int bits = 0; bits <= largest; bits++) {
    CAPTURE(bits);
    const double low = value_of(bits, mantissa_bits, bias);
    const double high = value_of(bits + 1, mantissa_bits, bias);
    const auto middle = static_cast<float>((low + high) / 2);  // exact: one bit more
    const int next = bits == largest ? beyond : bits + 1;
    CHECK(narrow(middle) == (bits % 2 == 0 ? bits : next));
    CHECK(narrow(std::nextafterf(middle, 0)) == bits);
    CHECK(narrow(std::nextafterf(middle, infinity)) == next);
    CHECK(narrow(-middle) == (0x80 | (bits % 2 == 0 ? bits : next)));
  }
  CHECK(narrow(std::numeric_limits<float>::denorm_min()) == 0);
  CHECK(narrow(std::numeric_limits<float>::max()) == beyond);
  CHECK(narrow(infinity) == beyond);
  CHECK(narrow(-infinity) == (0x80 | beyond));
  for (const float nan :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::signaling_NaN()}) {
    CHECK(narrow(nan) == 0x7f);
    CHECK(narrow(-nan) == 0xff);
  }
}

}  // namespace

TEST_CASE("E4M3: no infinity, one NaN of either sign, as PyTorch's float8_e4m3fn") {
  check(float_from_e4m3, e4m3_from_float, 3, 7, 0x7e, 0x7f);
  CHECK(float_from_e4m3(0x7e) == 448);
  CHECK(float_from_e4m3(0x01) == 0x1p-9f);
  CHECK(float_from_e4m3(0x08) == 0x1p-6f);
  for (const int nan : {0x7f, 0xff}) CHECK(std::isnan(float_from_e4m3(static_cast<uint8_t>(nan))));
}

TEST_CASE("E5M2: infinity and three NaN of either sign, as PyTorch's float8_e5m2") {
  check(float_from_e5m2, e5m2_from_float, 2, 15, 0x7b, 0x7c);
  CHECK(float_from_e5m2(0x7b) == 57344);
  CHECK(float_from_e5m2(0x01) == 0x1p-16f);
  CHECK(float_from_e5m2(0x7c) == infinity);
  CHECK(float_from_e5m2(0xfc) == -infinity);
  for (const int nan : {0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff})
    CHECK(std::isnan(float_from_e5m2(static_cast<uint8_t>(nan))));
}
