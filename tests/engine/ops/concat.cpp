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

TEST_CASE("concat along other axes" * needs_device()) {
  struct Case {
    Shape a, b;
    int axis;
  };
  for (const auto& [a, b, axis] : {Case{{1}, {3}, 0},
                                   {{1, 1}, {1, 1}, 0},
                                   {{3, 7}, {2, 7}, 0},
                                   {{2, 5, 3}, {2, 6, 3}, 1},
                                   {{2, 4, 8}, {2, 5, 8}, -2},
                                   {{2, 3, 5, 7}, {2, 3, 1, 7}, 2},
                                   {{3, 2, 9, 64}, {3, 3, 9, 64}, -3},
                                   {{64, 4}, {65, 4}, 0}}) {
    const int from_front = axis < 0 ? axis + a.rank() : axis;
    int64_t rows = 1;
    for (int i = 0; i < from_front; i++) rows *= a[i];
    check({.given = {random(a), random(b)},
           .op = [axis = axis](In x) { return concat(x[0], x[1], axis); },
           .reference =
               [rows](const std::vector<Values>& given) {
                 Values y;
                 for (int64_t row = 0; row < rows; row++)
                   for (const Values& part : given) {
                     const auto columns = static_cast<int64_t>(part.size()) / rows;
                     const auto from = part.begin() + row * columns;
                     y.insert(y.end(), from, from + columns);
                   }
                 return y;
               },
           .f32 = {0, 0},
           .f16 = {0, 0}});
  }
}

TEST_CASE("concat refuses what does not fit") {
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {2, 3}), g.input("b", {3, 3}));
        }) == "[concat] expects shapes that differ in axis 1 only, not 2x3 and 3x3");
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {3}), g.input("b", {1, 3}));
        }).starts_with("[concat] expects"));
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {2, 3}), g.input("b", {2, 3}), 2);
        }) == "[concat] expects an axis from -2 to 1 of 2x3, not 2");
  CHECK(refusal([](Graph& g) {
          concat(g.input("a", {2, 3}), g.input("b", {2, 4}), 0);
        }).starts_with("[concat] expects shapes"));
}
