#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("geglu" * needs_device()) {
  for (const Shape& shape : {Shape{2}, {3, 14}, {2, 5, 8}, {1, 17, 130}, {2, 64, 256}}) {
    const int64_t half = shape.last() / 2;
    const auto reference = [=](const std::vector<Values>& given) {
      Values y;
      for (int64_t row = 0; row < shape.rows(); row++)
        for (int64_t c = 0; c < half; c++) {
          const double value = given[0][(2 * row) * half + c],
                       gate = given[0][(2 * row + 1) * half + c];
          y.push_back(value * gate * 0.5 * (1 + std::erf(gate * std::sqrt(0.5))));
        }
      return y;
    };
    check({.given = {random(shape, 0, 2)},
           .op = [](In x) { return geglu(x[0]); },
           .reference = reference});
  }
}

TEST_CASE("geglu refuses odd rows") {
  CHECK(refusal([](Graph& g) {
          geglu(g.input("x", {2, 3}));
        }) == "[geglu] expects an even last axis, not 2x3");
}
