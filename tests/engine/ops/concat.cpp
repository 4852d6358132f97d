#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("concat" * needs_device()) {
  struct Case {
    Shape a, b;
  };
  for (const auto& [a, b] : {Case{{1}, {1}},
                             {{3}, {5}},
                             {{2, 3, 4}, {2, 3, 8}},
                             {{7, 6}, {7, 2}},
                             {{2, 8, 8, 64}, {2, 8, 8, 32}},
                             {{1, 65, 13}, {1, 65, 52}}})
    check({.given = {random(a), random(b)},
           .op = [](In x) { return concat(x[0], x[1]); },
           .reference =
               [a = a, b = b](const std::vector<Values>& given) {
                 Values y;
                 for (int64_t row = 0; row < a.rows(); row++) {
                   const auto from_a = given[0].begin() + row * a.last(),
                              from_b = given[1].begin() + row * b.last();
                   y.insert(y.end(), from_a, from_a + a.last());
                   y.insert(y.end(), from_b, from_b + b.last());
                 }
                 return y;
               },
           .f32 = {0, 0},
           .f16 = {0, 0}});
}

TEST_CASE("concat refuses what does not fit") {
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {2, 3}), g.input("b", {3, 3}));
        }) == "[concat] expects shapes that differ in the last axis only, not 2x3 and 3x3");
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {3}), g.input("b", {1, 3}));
        }).starts_with("[concat] expects"));
}
