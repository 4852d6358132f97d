// Exact division of 31-bit numbers by a number that is fixed for a whole dispatch, as one high
// multiply: vector units have no integer division (Granlund and Montgomery 1994).
#ifndef LACUNA_DIVIDE_H
#define LACUNA_DIVIDE_H

#ifdef __cplusplus
#include <bit>
#include <cstdint>
namespace lacuna {
struct Divisor {
  uint32_t value = 1, multiplier = 0, shift = 0;
};
// 1 <= value < 2^31. With shift = ceil(log2 value), n / value = n * multiplier / 2^(31 + shift),
// rounded down: the excess multiplier * value - 2^(31 + shift) is at most 2^shift, and n < 2^31.
constexpr Divisor divisor(uint32_t value) {
  const uint32_t shift = static_cast<uint32_t>(std::bit_width(value - 1));
  const uint64_t multiplier = (uint64_t{1} << (31 + shift)) / value + 1;
  return {value, static_cast<uint32_t>(multiplier), shift};
}
}  // namespace lacuna
#else
struct Divisor {
  uint value, multiplier, shift;
};
// n / d, for n < 2^31.
uint divide(uint n, Divisor d) {
  uint high, low;
  umulExtended(n << 1, d.multiplier, high, low);
  return high >> d.shift;
}
#endif

#endif
