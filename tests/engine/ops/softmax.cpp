#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values softmax_reference(const Values& x, int64_t columns) {
  Values y = x;
  for (auto row = y.begin(); row != y.end(); row += columns) {
    const double top = *std::max_element(row, row + columns);
    double sum = 0;
    for (auto v = row; v != row + columns; v++) sum += * v = std::exp(*v - top);
    for (auto v = row; v != row + columns; v++) *v /= sum;
  }
  return y;
}

}  // namespace

TEST_CASE("softmax" * needs_device()) {
  const auto op = [](In x) { return softmax(x[0]); };
  for (const Shape& shape :
       {Shape{1}, {5}, {3, 4}, {2, 7, 77}, {17, 64}, {1, 16, 65}, {2, 1028}, {70000, 3}}) {
    const auto reference = [=](const std::vector<Values>& given) {
      return softmax_reference(given[0], shape.last());
    };
    check({.given = {random(shape, 0, 4)}, .op = op, .reference = reference, .f32 = {2e-6, 2e-6}});
  }
  // Scores that overflow without their maximum taken off.
  check({.given = {random({3, 33}, 500, 20)},
         .op = op,
         .reference =
             [](const std::vector<Values>& given) { return softmax_reference(given[0], 33); },
         .f32 = {2e-6, 2e-6}});
}

TEST_CASE("softmax of more rows than a dimension of workgroups" * needs_device()) {
  check({.given = {random({65600, 33})},
         .op = [](In x) { return softmax(x[0]); },
         .reference =
             [](const std::vector<Values>& given) { return softmax_reference(given[0], 33); },
         .types = {DType::f32}});
}

TEST_CASE("softmax of long rows stays below the loop limit of old drivers" * needs_device()) {
  check({.given = {random({1, 70001})},
         .op = [](In x) { return softmax(x[0]); },
         .reference =
             [](const std::vector<Values>& given) { return softmax_reference(given[0], 70001); },
         .f32 = {1e-5, 1e-5},
         .types = {DType::f32}});
}

TEST_CASE("rows beyond the loop limit are refused") {
  CHECK(refusal([](Graph& g) {
          g.output("y", softmax(g.input("x", {1, 1 << 30})));
        }).starts_with("[softmax] expects shorter rows"));
}

TEST_CASE("softmax refuses whole numbers") {
  CHECK(refusal([](Graph& g) {
          softmax(g.input("x", {2}, DType::i32));
        }).starts_with("[softmax] expects"));
}
