#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values columns_of(const Values& x, int64_t columns, int64_t begin, int64_t count) {
  Values y;
  for (size_t row = 0; row < x.size(); row += columns)
    y.insert(y.end(), x.begin() + row + begin, x.begin() + row + begin + count);
  return y;
}

}  // namespace

TEST_CASE("concat" * needs_device()) {
  struct Case {
    Shape a, b;
  };
  for (const auto& [a, b] : {Case{{1}, {1}}, {{3}, {5}}, {{2, 3, 4}, {2, 3, 8}}, {{7, 6}, {7, 2}},
                             {{2, 8, 8, 64}, {2, 8, 8, 32}}, {{1, 65, 13}, {1, 65, 52}}})
    check({.given = {random(a), random(b)},
           .op = [](In x) { return concat(x[0], x[1]); },
           .reference = [a = a, b = b](const std::vector<Values>& given) {
             Values y;
             for (int64_t row = 0; row < a.rows(); row++) {
               const auto from_a = given[0].begin() + row * a.last(), from_b = given[1].begin() + row * b.last();
               y.insert(y.end(), from_a, from_a + a.last());
               y.insert(y.end(), from_b, from_b + b.last());
             }
             return y;
           },
           .f32 = {0, 0},
           .f16 = {0, 0}});
}

TEST_CASE("slice" * needs_device()) {
  struct Case {
    Shape x;
    int64_t begin, count;
  };
  for (const auto& [x, begin, count] : {Case{{1}, 0, 1}, {{3, 7}, 2, 3}, {{2, 3, 8}, 4, 4}, {{5, 16}, 0, 16},
                                        {{65, 12}, 3, 8}, {{2, 64, 4, 96}, 32, 32}, {{31, 5}, 4, 1}})
    check({.given = {random(x)},
           .op = [begin = begin, count = count](In t) { return slice(t[0], begin, count); },
           .reference = [x = x, begin = begin, count = count](const std::vector<Values>& given) {
             return columns_of(given[0], x.last(), begin, count);
           },
           .f32 = {0, 0},
           .f16 = {0, 0}});
}

TEST_CASE("slices of a concat are its parts" * needs_device()) {
  check({.given = {random({3, 5, 8}), random({3, 5, 3})},
         .op = [](In x) { return slice(concat(x[0], x[1]), 8, 3); },
         .reference = [](const std::vector<Values>& given) { return given[1]; },
         .f32 = {0, 0},
         .f16 = {0, 0}});
}

TEST_CASE("concat and slice refuse what does not fit") {
  CHECK(refusal([](Graph& g) { concat(g.input("a", {2, 3}), g.input("b", {3, 3})); }) ==
        "[concat] expects shapes that differ in the last axis only, not 2x3 and 3x3");
  CHECK(refusal([](Graph& g) { concat(g.input("a", {3}), g.input("b", {1, 3})); }).starts_with("[concat] expects"));
  for (const auto& [begin, count] : {std::pair{-1, 2}, {0, 0}, {2, 2}, {0, 4}})
    CHECK(refusal([&](Graph& g) { slice(g.input("x", {2, 3}), begin, count); }).starts_with("[slice] expects"));
}
