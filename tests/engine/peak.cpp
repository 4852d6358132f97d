#include "engine/peak.h"

#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("chains of multiply-adds" * needs_device()) {
  for (const int64_t steps : {0, 16, 48})
    for (const Shape& shape : {Shape{1}, {7}, {4}, {260}, {3, 4, 100}})
      check({.given = {random(shape)},
             .op = [=](In x) { return multiply_adds(x[0], steps); },
             .reference =
                 [=](const std::vector<Values>& given) {
                   Values y;
                   for (double x : given[0]) {
                     double sum = 0;
                     for (double a : {x, x + 1, x + 2}) {
                       for (int64_t i = 0; i < steps; i++)
                         a = a * multiply_add_factor + multiply_add_term;
                       sum += a;
                     }
                     y.push_back(sum);
                   }
                   return y;
                 },
             .types = {DType::f32},
             .gradient = false});
}

TEST_CASE("copy" * needs_device()) {
  for (const Shape& shape : {Shape{1}, {7}, {64}, {4100}, {3, 4, 100}})
    check({.given = {random(shape)},
           .op = [](In x) { return copy(x[0]); },
           .reference = [](const std::vector<Values>& given) { return given[0]; },
           .f32 = {0, 0},
           .types = {DType::f32},
           .gradient = false});
}

TEST_CASE("peak ops refuse other types and steps") {
  CHECK(refusal([](Graph& g) {
          copy(g.input("x", {2}, DType::f16));
        }).starts_with("[peak.copy] expects"));
  CHECK(refusal([](Graph& g) {
          multiply_adds(g.input("x", {2}), 15);
        }).starts_with("[peak.fma] expects"));
}
