#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"
#include "tests/engine/ops/parameter.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values same(const std::vector<Values>& given) { return given[0]; }

// The gradient of <detach_tokens(x, count), dy> with respect to x, for dy = 1, 2, 3, ...
std::vector<float> gradient_of_tokens(Shape shape, int64_t count) {
  Graph g;
  const Tensor x = g.input("x", shape), dy = g.input("dy", shape);
  const Tensor wanted[] = {x};
  g.output("dx", gradients(detach_tokens(x, count), dy, wanted)[0]);
  Plan plan(device(), g);
  std::vector<float> ones(static_cast<size_t>(shape.elements()), 1), numbers;
  for (size_t i = 0; i < ones.size(); i++) numbers.push_back(static_cast<float>(i + 1));
  plan.set("x", std::span<const float>(ones));
  plan.set("dy", std::span<const float>(numbers));
  run(plan);
  return plan.get("dx");
}

}  // namespace

TEST_CASE("detach and detach_tokens give what they are given" * needs_device()) {
  for (const Shape& shape : {Shape{1, 1, 1}, {2, 7, 5}, {3, 77, 64}, {2, 5, 8}}) {
    check({.given = {random(shape)},
           .op = [](In x) { return detach_tokens(x[0], 1); },
           .reference = same,
           .f32 = {0, 0},
           .f16 = {0, 0},
           .gradient = false});
    check({.given = {random(shape)},
           .op = [](In x) { return detach(x[0]); },
           .reference = same,
           .f32 = {0, 0},
           .f16 = {0, 0},
           .gradient = false});
    // None detached: the gradient is that of the identity.
    check({.given = {random(shape)},
           .op = [](In x) { return detach_tokens(scale(x[0], 1), 0); },
           .reference = same});
  }
}

TEST_CASE("no gradient reaches the first tokens of each sentence" * needs_device()) {
  for (const Shape& shape : {Shape{1, 1, 1}, {2, 7, 5}, {3, 77, 64}})
    for (const int64_t count : {int64_t{1}, shape[1]}) {
      const std::vector<float> dx = gradient_of_tokens(shape, count);
      for (size_t i = 0; i < dx.size(); i++) {
        const auto token = static_cast<int64_t>(i) / shape[2] % shape[1];
        REQUIRE(dx[i] == (token < count ? 0.0f : static_cast<float>(i + 1)));
      }
    }
}

TEST_CASE("no gradient goes through detach, and none is computed behind it" * needs_device()) {
  // <x + detach(3 x), dy>: the gradient is dy, not 4 dy.
  Graph g;
  const Tensor x = g.input("x", {5}), dy = g.input("dy", {5});
  const Tensor y = add(x, detach(scale(x, 3)));
  const Tensor wanted[] = {x};
  g.output("y", y);
  g.output("dx", gradients(y, dy, wanted)[0]);
  Plan plan(device(), g);
  const std::vector<float> values = {1, -2, 3, 4, 5}, d = {5, 4, 3, 2, 1};
  plan.set("x", std::span<const float>(values));
  plan.set("dy", std::span<const float>(d));
  run(plan);
  CHECK(plan.get("dx") == d);
  CHECK(plan.get("y")[1] == -8);
  const std::string message = refusal([](Graph& other) {
    const Tensor a = other.input("a", {5}), b = other.input("b", {5});
    const Tensor its[] = {a};
    gradients(detach(a), b, its);
  });
  CHECK(message.find("does not depend") != std::string::npos);
}

TEST_CASE("detach_tokens refuses what are no sentences, and tokens that are not there") {
  for (const int64_t count : {-1, 4})
    CHECK(refusal([&](Graph& g) {
            detach_tokens(g.input("x", {2, 3, 4}), count);
          }).starts_with("[detach_tokens] expects"));
  CHECK(refusal([](Graph& g) {
          detach_tokens(g.input("x", {2, 3}), 1);
        }).starts_with("[detach_tokens] expects"));
}
