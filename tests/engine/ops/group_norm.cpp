#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"
#include "tests/engine/ops/moments.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values group_norm_reference(const std::vector<Values>& given, const Shape& x, int groups,
                            bool silu) {
  const size_t channels = x.last(), image = x.elements() / x[0], per_group = channels / groups;
  Values y(given[0].size());
  for (size_t n = 0; n < y.size(); n += image)
    for (size_t first = 0; first < channels; first += per_group) {
      Values group;
      for (size_t i = n; i < n + image; i += channels)
        group.insert(group.end(), &given[0][i + first], &given[0][i + first] + per_group);
      const auto [mean, deviation] = moments_of(group, double{1e-6f});
      for (size_t i = n; i < n + image; i += channels)
        for (size_t c = first; c < first + per_group; c++) {
          const double v = (given[0][i + c] - mean) / deviation * given[1][c] + given[2][c];
          y[i + c] = silu ? v / (1 + std::exp(-v)) : v;
        }
    }
  return y;
}

void check_group_norm(const Shape& x, int groups, double mean = 0, Bounds bounds = {1e-6, 2e-6},
                      std::vector<KernelTypes> types = {DType::f32, DType::f16}) {
  for (const bool silu : {false, true})
    check({.given = {random(x, mean), weight({x.last()}, 1, 0.5), weight({x.last()})},
           .op = [=](In t) { return group_norm(t[0], t[1], t[2], groups, 1e-6f, silu); },
           .reference =
               [=](const std::vector<Values>& given) {
                 return group_norm_reference(given, x, groups, silu);
               },
           .f32 = bounds,
           .types = types,
           .gradient = silu || x.elements() < 1 << 20,  // the reference is slow
           .gradient_f32 = {2 * bounds.l2, 2 * bounds.max}});
}

}  // namespace

TEST_CASE("group_norm" * needs_device()) {
  check_group_norm({1, 1, 1, 1}, 1);
  check_group_norm({2, 3}, 3);  // one element per group: only the bias is left
  check_group_norm({1, 2, 2, 6}, 2);
  check_group_norm({2, 5, 7, 32}, 32);   // a channel per group
  check_group_norm({2, 8, 8, 40}, 4);    // vectors that straddle groups
  check_group_norm({1, 33, 31, 64}, 8);  // many chunks, the last one short
  check_group_norm({1, 130, 130, 4}, 1);
  check_group_norm({2, 17, 13, 21}, 7);  // scalar
  check_group_norm({3, 97, 128}, 32);    // tokens
}

TEST_CASE("group_norm with weights in f16 and activations in f32" * needs_device()) {
  const std::vector<KernelTypes> types = {KernelTypes(DType::f32, DType::f16)};
  check_group_norm({2, 5, 7, 32}, 8, 0, {1e-6, 2e-6}, types);
  check_group_norm({2, 17, 13, 21}, 7, 0, {1e-6, 2e-6}, types);
}

TEST_CASE("group_norm of a group of a million elements" * needs_device()) {
  check_group_norm({1, 512, 512, 4}, 1, 2, {1e-6, 2e-6}, {DType::f32});
}

TEST_CASE("group_norm keeps its digits when the mean is large" * needs_device()) {
  check_group_norm({2, 24, 24, 32}, 8, 100, {1e-5, 1e-5});
  check_group_norm({1, 24, 24, 21}, 3, -3000, {3e-4, 3e-4});
}

TEST_CASE("group_norm refuses other shapes") {
  CHECK(refusal([](Graph& g) {
          group_norm(g.input("x", {2, 3, 8}), g.input("w", {8}), g.input("b", {4}), 2, 1e-5f);
        }) == "[group_norm] expects x [N,...,C], weight [C] and bias [C], not 2x3x8, 8 and 4");
  CHECK(refusal([](Graph& g) {
          group_norm(g.input("x", {2, 3, 8}), g.input("w", {8}), g.input("b", {8}), 3, 1e-5f);
        }) == "[group_norm] expects a number of groups that divides 8 channels, not 3");
}
