#include <algorithm>
#include <cmath>

#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

auto each(double (*f)(double)) {
  return [f](const std::vector<Values>& given) {
    Values y;
    for (double x : given[0]) y.push_back(f(x));
    return y;
  };
}

double silu_of(double x) { return x / (1 + std::exp(-x)); }
double gelu_of(double x) { return x * 0.5 * (1 + std::erf(x * std::sqrt(0.5))); }
double quick_gelu_of(double x) { return x / (1 + std::exp(-1.702 * x)); }
double relu_of(double x) { return std::max(x, 0.0); }
double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double tanh_of(double x) { return std::tanh(x); }

void check_all_sizes(Tensor (*op)(Tensor), double (*f)(double)) {
  const auto apply = [op](In x) { return op(x[0]); };
  for (const Shape& shape :
       {Shape{1}, {4}, {7}, {2, 3, 5}, {64}, {65}, {13, 64, 16}, {4099}, {1, 512, 40}})
    check({.given = {random(shape, 0, 3)}, .op = apply, .reference = each(f)});
  // Far from zero, where exponentials overflow or vanish.
  check({.given = {fixed({8}, {-1e4, -120, -88.5, -30, 0, 30, 120, 1e4})},
         .op = apply,
         .reference = each(f)});
}

}  // namespace

TEST_CASE("silu" * needs_device()) { check_all_sizes(silu, silu_of); }
TEST_CASE("gelu" * needs_device()) { check_all_sizes(gelu, gelu_of); }
TEST_CASE("quick_gelu" * needs_device()) { check_all_sizes(quick_gelu, quick_gelu_of); }

TEST_CASE("sigmoid" * needs_device()) { check_all_sizes(sigmoid, sigmoid_of); }
TEST_CASE("tanh" * needs_device()) { check_all_sizes(lacuna::tanh, tanh_of); }

TEST_CASE("relu" * needs_device()) {
  for (const int64_t count : {1, 7, 64, 65, 4096}) {
    // At 0, where there is no slope, central differences would see half of one.
    Values x;
    for (int64_t i = 0; i < count; i++)
      x.push_back((i % 2 ? 1 : -1) * (1 + static_cast<double>(i * 37 % 101)) / 64);
    check({.given = {fixed({count}, x)},
           .op = [](In t) { return relu(t[0]); },
           .reference = each(relu_of),
           .f32 = {0, 0},
           .f16 = {0, 0}});
  }
  // PyTorch's choice where there is none: no slope at 0.
  check({.given = {fixed({4}, {-1, 0, 0, 1})},
         .op = [](In t) { return gradients(relu(t[0]), fill(*t[0].graph, {4}, 2), t)[0]; },
         .reference =
             [](const std::vector<Values>&) {
               return Values{0, 0, 0, 2};
             },
         .f32 = {0, 0},
         .gradient = false});
}

TEST_CASE("tanh keeps its digits near zero" * needs_device()) {
  Values x;
  for (int i = -3000; i <= 3000; i++) x.push_back(i * i * i / 27e8);
  const int64_t count = static_cast<int64_t>(x.size());
  const auto op = [](In t) { return lacuna::tanh(t[0]); };
  check({.given = {fixed({count}, x)},
         .op = op,
         .reference = each(tanh_of),
         .f32 = {2e-7, 3e-7},
         .types = {DType::f32}});
  // Relative to the largest of numbers that are all small.
  for (double& v : x) v *= 1e-3;
  check({.given = {fixed({count}, x)},
         .op = op,
         .reference = each(tanh_of),
         .f32 = {2e-7, 3e-7},
         .types = {DType::f32},
         .gradient = false});
}

TEST_CASE("gelu is exact to 1e-7 everywhere" * needs_device()) {
  Values x;
  for (int i = -6000; i <= 6000; i++) x.push_back(i / 1000.0);
  const int64_t count = static_cast<int64_t>(x.size());
  // Divided by x, the error is half that of erf.
  check({.given = {fixed({count}, x)},
         .op = [](In x) { return gelu(x[0]); },
         .reference = each(gelu_of),
         .f32 = {1e-7, 1e-7},
         .types = {DType::f32}});
}

TEST_CASE("scale" * needs_device()) {
  const auto op = [](In x) { return scale(x[0], -0.18215f); };
  const auto reference = each([](double x) { return x * double{-0.18215f}; });
  for (const Shape& shape : {Shape{1}, {3, 11}, {4, 64, 33}})
    check({.given = {random(shape, 1, 2)}, .op = op, .reference = reference});
}

TEST_CASE("unary ops refuse whole numbers and huge tensors") {
  CHECK(
      refusal([](Graph& g) { silu(g.input("x", {2}, DType::i32)); }).starts_with("[silu] expects"));
  CHECK(
      refusal([](Graph& g) { gelu(g.input("x", {2}, DType::i32)); }).starts_with("[gelu] expects"));
  CHECK(
      refusal([](Graph& g) { relu(g.input("x", {2}, DType::i32)); }).starts_with("[relu] expects"));
  CHECK(refusal([](Graph& g) {
          quick_gelu(g.input("x", {2}, DType::i32));
        }).starts_with("[quick_gelu] expects"));
  CHECK(refusal([](Graph& g) {
          scale(g.input("x", {1 << 16, 1 << 15}), 2);
        }).starts_with("[scale] expects"));
}
