#include <cmath>

#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

// The mean over all elements from `first` on, `count` of them; the weight is one number for
// `inner` neighbours.
double mean_of(const std::vector<Values>& given, size_t first, size_t count, size_t inner) {
  double sum = 0;
  for (size_t i = first; i < first + count; i++) {
    const double d = given[0][i] - given[1][i];
    sum += d * d * (given.size() > 2 ? given[2][i / inner] : 1);
  }
  return sum / static_cast<double>(count);
}

struct Case {
  Shape x;
  int axes;  // of the weight; 0: none
};

void check_mse(const Case& c, bool each, bool gradient) {
  const auto [x, axes] = c;
  std::vector<Given> given = {random(x), constant(random(x, 0.5))};
  int64_t inner = x.elements();
  std::vector<int64_t> sizes;
  for (int i = 0; i < axes; i++) {
    inner /= x[i];
    sizes.push_back(x[i]);
  }
  if (axes > 0) given.push_back(constant(random(Shape(sizes), 1, 0.5)));
  check({.given = given,
         .op =
             [=](In t) {
               const Tensor weight = t.size() > 2 ? cast(t[2], DType::f32) : Tensor{};
               const Loss loss = mse(t[0], cast(t[1], DType::f32), weight);
               return each ? loss.each : loss.total;
             },
         .reference =
             [x = x, inner, each](const std::vector<Values>& v) {
               Values y;
               const size_t entry = v[0].size() / static_cast<size_t>(each ? x[0] : 1);
               for (size_t i = 0; i < v[0].size(); i += entry)
                 y.push_back(mean_of(v, i, entry, static_cast<size_t>(inner)));
               return y;
             },
         .gradient = gradient});
}

}  // namespace

TEST_CASE("mse" * needs_device()) {
  for (const Case& c : {Case{{1}, 0},
                        {{1}, 1},
                        {{7}, 0},
                        {{7}, 1},
                        {{2, 5}, 1},
                        {{3, 4, 4}, 2},
                        {{2, 3, 5, 4}, 3},
                        {{2, 3, 5, 7}, 3},
                        {{2, 3, 5, 4}, 4},
                        {{8, 16, 16, 4}, 3},
                        {{3, 4096}, 0},
                        {{3, 4097}, 1},
                        {{2, 41, 100, 4}, 2},
                        {{97, 12}, 0}})
    for (const bool each : {false, true}) check_mse(c, each, !each);
}

TEST_CASE("mse of a million elements" * needs_device()) {
  for (const Shape& x : {Shape{1, 512, 512, 4}, Shape{1000, 1049}})
    for (const bool each : {false, true}) check_mse({x, 1}, each, false);
}

TEST_CASE("mse adds without losing digits" * needs_device()) {
  // All squares are about equal, so that a plain running sum of floats would err by 1e-5.
  const Shape shape = {2, 1000, 1000};
  const int64_t count = shape.elements();
  check({.given = {random(shape, 10, 0.01), constant(fixed(shape, Values(count, 0)))},
         .op = [](In t) { return mse(t[0], t[1]).total; },
         .reference = [](const std::vector<Values>& v) -> Values {
           return {mean_of(v, 0, v[0].size(), 1)};
         },
         .f32 = {2e-7, 2e-7},
         .types = {DType::f32},
         .gradient = false});
}

TEST_CASE("mse refuses other shapes and types, and gradients of what it compares with") {
  CHECK(refusal([](Graph& g) {
          mse(g.input("x", {2, 3}), g.input("t", {3, 2}));
        }) ==
        "[mse] expects x [N,...], a target of that shape and a weight over its first axes, not "
        "2x3, 3x2 and none");
  CHECK(refusal([](Graph& g) {
          mse(g.input("x", {2, 3}), g.input("t", {2, 3}), g.input("w", {3}));
        }).starts_with("[mse] expects x [N,...]"));
  CHECK(refusal([](Graph& g) {
          mse(g.input("x", {2}), g.parameter("t", {{2}, DType::f16}, 0));
        }) == "[mse] expects x in f32 or f16, target and weight in f32, not f32, f16 and none");
  CHECK(refusal([](Graph& g) {
          const Tensor x = g.input("x", {2}), t = g.input("t", {2});
          gradients(mse(x, t).total, std::vector<Tensor>{t});
        }) == "[mse] has a gradient for x, not for the target or the weight");
}
