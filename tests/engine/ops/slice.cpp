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

TEST_CASE("slice" * needs_device()) {
  struct Case {
    Shape x;
    int64_t begin, count;
  };
  for (const auto& [x, begin, count] : {Case{{1}, 0, 1},
                                        {{3, 7}, 2, 3},
                                        {{2, 3, 8}, 4, 4},
                                        {{5, 16}, 0, 16},
                                        {{65, 12}, 3, 8},
                                        {{2, 64, 4, 96}, 32, 32},
                                        {{31, 5}, 4, 1}})
    check({.given = {random(x)},
           .op = [begin = begin, count = count](In t) { return slice(t[0], begin, count); },
           .reference =
               [x = x, begin = begin, count = count](const std::vector<Values>& given) {
                 return columns_of(given[0], x.last(), begin, count);
               },
           .f32 = {0, 0},
           .f16 = {0, 0}});
}

TEST_CASE("slice of other axes" * needs_device()) {
  struct Case {
    Shape x;
    int64_t begin, count;
    int axis;
  };
  for (const auto& [x, begin, count, axis] : {Case{{1, 1}, 0, 1, 0},
                                              {{7, 3}, 2, 3, 0},
                                              {{2, 5, 4}, 1, 2, 1},
                                              {{2, 5, 3}, 4, 1, -2},
                                              {{3, 4, 5, 8}, 1, 3, 2},
                                              {{2, 65, 3, 4}, 1, 64, 1},
                                              {{5, 2, 3, 7}, 3, 2, -4}}) {
    // Everything from the axis on is one row.
    int64_t pitch = 1, columns = 1;
    for (int i = x.rank() - 1; i >= (axis < 0 ? axis + x.rank() : axis); i--) {
      pitch = columns;
      columns *= x[i];
    }
    check({.given = {random(x)},
           .op = [begin = begin, count = count,
                  axis = axis](In t) { return slice(t[0], begin, count, axis); },
           .reference =
               [=, begin = begin, count = count](const std::vector<Values>& given) {
                 return columns_of(given[0], columns, begin * pitch, count * pitch);
               },
           .f32 = {0, 0},
           .f16 = {0, 0}});
  }
}

TEST_CASE("slices of a concat are its parts" * needs_device()) {
  check({.given = {random({3, 5, 8}), random({3, 5, 3})},
         .op = [](In x) { return slice(concat(x[0], x[1]), 8, 3); },
         .reference = [](const std::vector<Values>& given) { return given[1]; },
         .f32 = {0, 0},
         .f16 = {0, 0}});
}

TEST_CASE("slice refuses what is not there") {
  CHECK(refusal([](Graph& g) {
          slice(g.input("x", {2, 3}), 1, 2, 0);
        }) == "[slice] expects a range of axis 0 of 2x3, not 2 from 1");
  CHECK(refusal([](Graph& g) {
          slice(g.input("x", {2, 3}), 0, 1, -3);
        }) == "[slice] expects an axis from -2 to 1 of 2x3, not -3");
  for (const auto& [begin, count] : {std::pair{-1, 2}, {0, 0}, {2, 2}, {0, 4}})
    CHECK(refusal([begin = begin, count = count](Graph& g) {
            slice(g.input("x", {2, 3}), begin, count);
          }).starts_with("[slice] expects"));
}
