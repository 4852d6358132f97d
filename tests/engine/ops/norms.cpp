// softmax, layer_norm and group_norm: reductions over rows and groups.
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
    for (auto v = row; v != row + columns; v++) sum += *v = std::exp(*v - top);
    for (auto v = row; v != row + columns; v++) *v /= sum;
  }
  return y;
}

struct Moments {
  double mean = 0, deviation = 0;
};
// Of elements i where belongs(i), with eps under the root.
template <typename Belongs>
Moments moments(const Values& x, double eps, Belongs belongs) {
  double sum = 0, squares = 0, count = 0;
  for (size_t i = 0; i < x.size(); i++)
    if (belongs(i)) sum += x[i], count++;
  for (size_t i = 0; i < x.size(); i++)
    if (belongs(i)) squares += (x[i] - sum / count) * (x[i] - sum / count);
  return {sum / count, std::sqrt(squares / count + eps)};
}

void check_layer_norm(const Shape& shape, double mean, double deviation, Bounds bounds) {
  const int64_t columns = shape.last();
  check({.given = {random(shape, mean, deviation), weight({columns}, 1, 0.5), weight({columns})},
         .op = [](In x) { return layer_norm(x[0], x[1], x[2], 1e-5f); },
         .reference = [=](const std::vector<Values>& given) {
           Values y;
           for (auto row = given[0].begin(); row != given[0].end(); row += columns) {
             const auto [m, d] = moments(Values(row, row + columns), double{1e-5f}, [](size_t) { return true; });
             for (int64_t c = 0; c < columns; c++) y.push_back((row[c] - m) / d * given[1][c] + given[2][c]);
           }
           return y;
         },
         .f32 = bounds});
}

Values group_norm_reference(const std::vector<Values>& given, const Shape& x, int groups, bool silu) {
  const size_t channels = x.last(), image = x.elements() / x[0], group = channels / groups;
  Values y(given[0].size());
  for (int64_t n = 0; n < x[0]; n++)
    for (int g = 0; g < groups; g++) {
      const auto belongs = [&](size_t i) { return i % channels / group == static_cast<size_t>(g); };
      const Values part(given[0].begin() + n * image, given[0].begin() + (n + 1) * image);
      const auto [m, d] = moments(part, double{1e-6f}, belongs);
      for (size_t i = 0; i < image; i++) {
        if (!belongs(i)) continue;
        const double v = (part[i] - m) / d * given[1][i % channels] + given[2][i % channels];
        y[n * image + i] = silu ? v / (1 + std::exp(-v)) : v;
      }
    }
  return y;
}

void check_group_norm(const Shape& x, int groups, double mean = 0, Bounds bounds = {1e-6, 2e-6}) {
  for (const bool silu : {false, true})
    check({.given = {random(x, mean), weight({x.last()}, 1, 0.5), weight({x.last()})},
           .op = [=](In t) { return group_norm(t[0], t[1], t[2], groups, 1e-6f, silu); },
           .reference = [=](const std::vector<Values>& given) { return group_norm_reference(given, x, groups, silu); },
           .f32 = bounds});
}

}  // namespace

TEST_CASE("softmax" * needs_device()) {
  const auto op = [](In x) { return softmax(x[0]); };
  for (const Shape& shape : {Shape{1}, {5}, {3, 4}, {2, 7, 77}, {17, 64}, {1, 16, 65}, {2, 1028}, {70000, 3}}) {
    const auto reference = [=](const std::vector<Values>& given) { return softmax_reference(given[0], shape.last()); };
    check({.given = {random(shape, 0, 4)}, .op = op, .reference = reference, .f32 = {2e-6, 2e-6}});
  }
  // Scores that overflow without their maximum taken off.
  check({.given = {random({3, 33}, 500, 20)}, .op = op, .reference = [](const std::vector<Values>& given) {
           return softmax_reference(given[0], 33);
         }, .f32 = {2e-6, 2e-6}});
}

TEST_CASE("layer_norm" * needs_device()) {
  for (const Shape& shape : {Shape{1, 1}, {1, 7}, {3, 5, 32}, {2, 77, 64}, {19, 65}, {1, 320}, {5, 1283}, {2, 4096}})
    check_layer_norm(shape, 0, 1, {1e-6, 2e-6});
}

TEST_CASE("layer_norm keeps its digits when the mean is large" * needs_device()) {
  check_layer_norm({33, 320}, 100, 1, {1e-5, 1e-5});
  check_layer_norm({33, 321}, -10000, 50, {1e-4, 1e-4});
}

TEST_CASE("group_norm" * needs_device()) {
  check_group_norm({1, 1, 1, 1}, 1);
  check_group_norm({2, 3}, 3);            // one element per group: only the bias is left
  check_group_norm({1, 2, 2, 6}, 2);
  check_group_norm({2, 5, 7, 32}, 32);    // a channel per group
  check_group_norm({2, 8, 8, 40}, 4);     // vectors that straddle groups
  check_group_norm({1, 33, 31, 64}, 8);   // many chunks, the last one short
  check_group_norm({1, 130, 130, 4}, 1);
  check_group_norm({2, 17, 13, 21}, 7);   // scalar
  check_group_norm({3, 97, 128}, 32);     // tokens
}

TEST_CASE("group_norm keeps its digits when the mean is large" * needs_device()) {
  check_group_norm({2, 24, 24, 32}, 8, 100, {1e-5, 1e-5});
  check_group_norm({1, 24, 24, 21}, 3, -3000, {3e-4, 3e-4});
}

TEST_CASE("long rows stay below the loop limit of old drivers" * needs_device()) {
  check_layer_norm({2, 70001}, 1, 1, {1e-5, 1e-5});
  check({.given = {random({1, 70001})}, .op = [](In x) { return softmax(x[0]); },
         .reference = [](const std::vector<Values>& given) { return softmax_reference(given[0], 70001); },
         .f32 = {1e-5, 1e-5}, .types = {DType::f32}});
}

TEST_CASE("rows beyond the loop limit are refused") {
  CHECK(refusal([](Graph& g) { g.output("y", softmax(g.input("x", {1, 1 << 30}))); })
            .starts_with("[softmax] expects shorter rows"));
}

TEST_CASE("norms refuse other shapes") {
  CHECK(refusal([](Graph& g) { softmax(g.input("x", {2}, DType::i32)); }).starts_with("[softmax] expects"));
  CHECK(refusal([](Graph& g) {
          layer_norm(g.input("x", {2, 3}), g.input("w", {3}), g.input("b", {2}), 1e-5f);
        }) == "[layer_norm] expects x [...,C], weight [C] and bias [C], not 2x3, 3 and 2");
  CHECK(refusal([](Graph& g) {
          group_norm(g.input("x", {2, 3, 8}), g.input("w", {8}), g.input("b", {4}), 2, 1e-5f);
        }) == "[group_norm] expects x [N,...,C], weight [C] and bias [C], not 2x3x8, 8 and 4");
  CHECK(refusal([](Graph& g) {
          group_norm(g.input("x", {2, 3, 8}), g.input("w", {8}), g.input("b", {8}), 3, 1e-5f);
        }) == "[group_norm] expects a number of groups that divides 8 channels, not 3");
}
