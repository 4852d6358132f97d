#include "shaders/divide.h"

#include <doctest/doctest.h>

#include <random>

using namespace lacuna;

// The same arithmetic as divide() in GLSL.
static uint32_t divide(uint32_t n, Divisor d) {
  return static_cast<uint32_t>(uint64_t{n << 1} * d.multiplier >> 32) >> d.shift;
}

TEST_CASE("division by multiplication is exact for 31 bits") {
  constexpr uint32_t limit = (1u << 31) - 1;
  std::mt19937 random(1);
  uint64_t wrong = 0;
  for (uint32_t step = 0; step < 20000; step++) {
    // Small divisors, then of all magnitudes; around powers of two most of all.
    uint32_t value = step < 4096 ? step + 1 : random() >> (1 + step % 31);
    if (step % 5 == 4) value = (1u << step % 31) + step % 3 - 1;
    value = std::min(std::max(value, 1u), limit);
    const Divisor d = divisor(value);
    const uint32_t largest = limit / value * value;
    for (uint32_t n : {0u, 1u, value - 1, value, largest - 1, largest, limit,
                       static_cast<uint32_t>(random() >> 1)})
      wrong += divide(n, d) != n / value;
  }
  CHECK(wrong == 0);
}
