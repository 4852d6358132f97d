#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"
#include "tests/engine/ops/moments.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_layer_norm(const Shape& shape, double center, double spread, Bounds bounds,
                      std::vector<KernelTypes> types = {DType::f32, DType::f16}) {
  const int64_t columns = shape.last();
  check({.given = {random(shape, center, spread), weight({columns}, 1, 0.5), weight({columns})},
         .op = [](In x) { return layer_norm(x[0], x[1], x[2], 1e-5f); },
         .reference =
             [=](const std::vector<Values>& given) {
               Values y;
               for (auto row = given[0].begin(); row != given[0].end(); row += columns) {
                 const auto [mean, deviation] = moments_of({row, row + columns}, double{1e-5f});
                 for (int64_t c = 0; c < columns; c++)
                   y.push_back((row[c] - mean) / deviation * given[1][c] + given[2][c]);
               }
               return y;
             },
         .f32 = bounds,
         .types = std::move(types),
         .gradient_f32 = {2 * bounds.l2, 2 * bounds.max}});
}

}  // namespace

TEST_CASE("layer_norm" * needs_device()) {
  for (const Shape& shape : {Shape{1, 1},
                             {1, 7},
                             {3, 5, 32},
                             {2, 77, 64},
                             {19, 65},
                             {1, 320},
                             {5, 1283},
                             {2, 4096},
                             {1031, 12}})
    check_layer_norm(shape, 0, 1, {1e-6, 2e-6});
}

TEST_CASE("layer_norm with weights in f16 and activations in f32" * needs_device()) {
  for (const Shape& shape : {Shape{1, 7}, {19, 64}, {3, 65}})
    check_layer_norm(shape, 0, 1, {1e-6, 2e-6}, {KernelTypes(DType::f32, DType::f16)});
}

TEST_CASE("layer_norm keeps its digits when the mean is large" * needs_device()) {
  check_layer_norm({33, 320}, 100, 1, {1e-5, 1e-5});
  check_layer_norm({33, 321}, -10000, 50, {1e-4, 1e-4});
}

TEST_CASE("layer_norm of long rows stays below the loop limit of old drivers" * needs_device()) {
  check_layer_norm({2, 70001}, 1, 1, {1e-5, 1e-5});
}

TEST_CASE("layer_norm refuses other shapes") {
  CHECK(refusal([](Graph& g) {
          layer_norm(g.input("x", {2, 3}), g.input("w", {3}), g.input("b", {2}), 1e-5f);
        }) == "[layer_norm] expects x [...,C], weight [C] and bias [C], not 2x3, 3 and 2");
}
