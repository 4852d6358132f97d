#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_linear(const Shape& x, int64_t cols, bool bias = true, bool residual = false,
                  std::vector<KernelTypes> types = {DType::f32, DType::f16}) {
  const int64_t depth = x.last();
  std::vector<int64_t> sizes;
  for (int axis = 0; axis + 1 < x.rank(); axis++) sizes.push_back(x[axis]);
  sizes.push_back(cols);
  std::vector<Given> given = {random(x), weight({depth, cols})};
  if (bias) given.push_back(weight({cols}));
  if (residual) given.push_back(random(Shape(sizes)));
  check({.given = given,
         .op =
             [=](In t) {
               return linear(t[0], t[1], bias ? t[2] : Tensor{}, residual ? t.back() : Tensor{});
             },
         .reference =
             [=](const std::vector<Values>& in) {
               Values y(static_cast<size_t>(x.rows() * cols));
               for (int64_t m = 0; m < x.rows(); m++)
                 for (int64_t n = 0; n < cols; n++) {
                   double sum = (bias ? in[2][n] : 0) + (residual ? in.back()[m * cols + n] : 0);
                   for (int64_t k = 0; k < depth; k++)
                     sum += in[0][m * depth + k] * in[1][k * cols + n];
                   y[m * cols + n] = sum;
                 }
               return y;
             },
         .types = std::move(types)});
}

}  // namespace

TEST_CASE("linear at every edge of its tiles" * needs_device()) {
  check_linear({1, 1}, 1);
  check_linear({7}, 3);         // a vector
  check_linear({2, 3, 5}, 13);  // odd everything
  check_linear({16, 16}, 128);  // exactly one tile of a CPU driver
  check_linear({17, 17}, 129);
  check_linear({15, 18}, 132, false);
  check_linear({64, 16}, 64);  // exactly one tile of a GPU
  check_linear({65, 20}, 68);
  check_linear({63, 12}, 60, false);
  for (int64_t rows : {1, 2, 3, 4, 5, 8, 9}) check_linear({rows, 34}, 36);
}

TEST_CASE("linear in the shapes of models" * needs_device()) {
  check_linear({2, 320}, 1280);     // time embedding
  check_linear({1, 77, 768}, 320);  // keys and values of a prompt
  check_linear({2, 256, 64}, 64);   // a small model's projections
  check_linear({2, 64, 128}, 512);
  check_linear({1, 130, 320}, 160, false);
  check_linear({1025, 24}, 520);  // many rows and columns: the larger tile of a GPU
}

TEST_CASE("linear with a residual" * needs_device()) {
  check_linear({2, 3, 5}, 13, true, true);
  check_linear({1, 4}, 4, false, true);
  check_linear({17, 17}, 129, true, true);
  check_linear({130, 16}, 8, true, true);  // lanes along the rows
  check_linear({65, 20}, 68, false, true);
  check_linear({1025, 24}, 520, true, true);
}

TEST_CASE("linear with weights in f16 and activations in f32" * needs_device()) {
  const std::vector<KernelTypes> types = {KernelTypes(DType::f32, DType::f16)};
  check_linear({1, 1}, 1, true, false, types);
  check_linear({17, 17}, 129, true, true, types);
  check_linear({15, 18}, 132, true, true, types);
  check_linear({130, 16}, 8, false, false, types);  // lanes along the rows
  check_linear({65, 20}, 68, true, false, types);
}

TEST_CASE("linear refuses other types") {
  const auto message = [](DType x, DType w, DType b, DType residual) {
    return refusal([&](Graph& g) {
      linear(g.input("x", {2, 4}, x), g.input("w", {4, 8}, w), g.input("b", {8}, b),
             g.input("r", {2, 8}, residual));
    });
  };
  constexpr DType f32 = DType::f32, f16 = DType::f16;
  CHECK(message(f32, f16, f16, f32).empty());
  CHECK(message(f16, f32, f32, f16) ==
        "[linear] expects activations and weights that are all f32 or all f16, or f32 activations "
        "and f16 weights, not f16, f32, f32, f16");
  CHECK(message(f32, f16, f32, f32).starts_with("[linear] expects activations"));
  CHECK(message(f32, f16, f16, f16).starts_with("[linear] expects activations"));
  CHECK(message(f32, DType::i32, DType::i32, f32).starts_with("[linear] expects activations"));
}

TEST_CASE("linear refuses other shapes") {
  const auto message = [](Shape x, Shape w, Shape b) {
    return refusal([&](Graph& g) { linear(g.input("x", x), g.input("w", w), g.input("b", b)); });
  };
  CHECK(message({2, 3}, {4, 5}, {5}) ==
        "[linear] expects x [...,K], weight [K,N] and bias [N], not 2x3, 4x5 and 5");
  CHECK(message({2, 3}, {3, 5}, {4}).starts_with("[linear] expects"));
  CHECK(message({2, 3}, {3}, {3}).starts_with("[linear] expects"));
}
