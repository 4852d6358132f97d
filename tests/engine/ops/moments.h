// Mean and deviation in double, for the references of the norms.
#pragma once

#include <cmath>

#include "tests/engine/ops/check.h"

namespace lacuna::test {

struct Moments {
  double mean = 0, deviation = 0;  // sqrt(variance + eps)
};

inline Moments moments_of(const Values& x, double eps) {
  const double count = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (double v : x) sum += v;
  for (double v : x) squares += (v - sum / count) * (v - sum / count);
  return {sum / count, std::sqrt(squares / count + eps)};
}

}  // namespace lacuna::test
