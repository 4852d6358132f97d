// accumulate, norm and adam, which write parameters in place.
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/ops.h"
#include "engine/passes.h"
#include "tests/engine/ops/check.h"
#include "tests/engine/ops/parameter.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

// One step in doubles, from the floats that the device gets.
void adam_reference(const AdamStep& s, int64_t t, bool decoupled, double norm, Values& weight,
                    Values& moment1, Values& moment2, Values& gradient) {
  const double correction1 = 1 - std::pow(s.beta1, t), correction2 = 1 - std::pow(s.beta2, t);
  const double clip = s.largest_norm > 0 ? std::min(1.0, s.largest_norm / (norm + 1e-6)) : 1;
  for (size_t i = 0; i < weight.size(); i++) {
    double g = gradient[i] * clip;
    if (decoupled)
      weight[i] *= 1 - s.learning_rate * s.weight_decay;
    else
      g += s.weight_decay * weight[i];
    moment1[i] = s.beta1 * moment1[i] + (1 - s.beta1) * g;
    moment2[i] = s.beta2 * moment2[i] + (1 - s.beta2) * g * g;
    weight[i] -= s.learning_rate / correction1 * moment1[i] /
                 (std::sqrt(moment2[i]) / std::sqrt(correction2) + s.eps);
    gradient[i] = 0;
  }
}

// Relative to the largest.
double distance(const Floats& a, const Values& b) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < b.size(); i++) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return largest > 0 ? worst / largest : worst;
}

struct Trained {
  Parameter weight, moment1, moment2, gradient;
  explicit Trained(const Shape& shape)
      : weight(shape, 1), moment1(shape, 0), moment2(shape, 0), gradient(shape, 0) {}
  AdamState in(Graph& g) const {
    return {weight.in(g), moment1.in(g), moment2.in(g), gradient.in(g)};
  }
};

void check_adam(const Shape& shape, const AdamStep& options, bool decoupled) {
  CAPTURE(shape.str());
  CAPTURE(decoupled);
  Trained trained(shape);
  Graph g;
  const AdamState state = trained.in(g);
  const Tensor gradient_norm = norm(std::vector<Tensor>{state.gradient});
  adam(state, g.input("step", {8}), gradient_norm, decoupled);
  g.output("norm", gradient_norm);
  Plan plan(device(), g);
  Values weight = trained.weight.values(), moment1(weight.size()), moment2(weight.size());
  for (int64_t t = 1; t <= 5; t++) {
    trained.gradient.fill_random(static_cast<uint32_t>(t), std::pow(10.0, 2 - t));
    Values gradient = trained.gradient.values();
    plan.set("step", options.numbers(t, decoupled));
    run(plan);
    double squares = 0;
    for (double v : gradient) squares += v * v;
    CHECK(plan.get("norm")[0] == doctest::Approx(std::sqrt(squares)).epsilon(1e-6));
    adam_reference(options, t, decoupled, std::sqrt(squares), weight, moment1, moment2, gradient);
    CHECK(distance(trained.weight.floats(), weight) < 5e-7);
    CHECK(distance(trained.moment1.floats(), moment1) < 1e-6);
    CHECK(distance(trained.moment2.floats(), moment2) < 1e-6);
    CHECK(distance(trained.gradient.floats(), gradient) == 0);
  }
}

}  // namespace

TEST_CASE("adam and adamw are what they should be" * needs_device()) {
  for (const Shape& shape : {Shape{1}, {7}, {4}, {64, 65}, {3, 3, 64, 64}, {257, 1031}})
    for (const bool decoupled : {false, true}) {
      check_adam(shape, {.learning_rate = 1e-2}, decoupled);
      check_adam(shape,
                 {.learning_rate = 1e-3,
                  .beta1 = 0.95,
                  .beta2 = 0.98,
                  .eps = 1e-4,
                  .weight_decay = 0.1,
                  .largest_norm = 2},
                 decoupled);
    }
}

namespace {

// The largest distance of an element from PyTorch's, in units of the last place of the golden one.
double ulps(const Floats& a, const nlohmann::json& golden) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); i++) {
    const float g = golden[i].get<float>();
    const double unit = double{std::nextafter(std::abs(g), INFINITY)} - std::abs(g);
    worst = std::max(worst, std::abs(double{a[i]} - double{g}) / unit);
  }
  return worst;
}

}  // namespace

TEST_CASE("adam and adamw are PyTorch's within a few units of the last place" * needs_device()) {
  std::ifstream file(LACUNA_SOURCE_DIR "/tests/fixtures/optimizer/adam.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  double worst[3] = {};
  for (const nlohmann::json& c : golden["cases"]) {
    const AdamStep options{c["lr"],  c["beta1"],        c["beta2"],
                           c["eps"], c["weight_decay"], c["largest_norm"]};
    const bool decoupled = c["decoupled"];
    Trained trained({9});
    trained.weight.set(c["start"].get<Floats>());
    Graph g;
    const AdamState state = trained.in(g);
    adam(state, g.input("step", {8}), norm(std::vector<Tensor>{state.gradient}), decoupled);
    Plan plan(device(), g);
    int64_t t = 0;
    for (const nlohmann::json& step : c["steps"]) {
      trained.gradient.set(step["gradient"].get<Floats>());
      plan.set("step", options.numbers(++t, decoupled));
      run(plan);
      worst[0] = std::max(worst[0], ulps(trained.weight.floats(), step["weight"]));
      worst[1] = std::max(worst[1], ulps(trained.moment1.floats(), step["moment1"]));
      worst[2] = std::max(worst[2], ulps(trained.moment2.floats(), step["moment2"]));
    }
  }
  MESSAGE("units: weight ", worst[0], ", moments ", worst[1], " and ", worst[2]);
  CHECK(worst[0] <= 4);
  CHECK(worst[1] <= 16);  // a gradient's last place counts for more where it cancels the moment
  CHECK(worst[2] <= 8);
}

TEST_CASE("adam leaves everything but the gradient alone where the norm is not finite" *
          needs_device()) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Trained trained({64});
    trained.moment1.fill_random(1);
    trained.moment2.fill_random(2);
    Graph g;
    const AdamState state = trained.in(g);
    adam(state, g.input("step", {8}), norm(std::vector<Tensor>{state.gradient}), true);
    Floats gradient(64, 1);
    gradient[13] = bad;
    trained.gradient.set(gradient);
    const Floats weight = trained.weight.floats(), moment1 = trained.moment1.floats(),
                 moment2 = trained.moment2.floats();
    Plan plan(device(), g);
    plan.set("step", AdamStep{.largest_norm = 1}.numbers(1, true));
    run(plan);
    CHECK(trained.weight.floats() == weight);
    CHECK(trained.moment1.floats() == moment1);
    CHECK(trained.moment2.floats() == moment2);
    CHECK(trained.gradient.floats() == Floats(64, 0));
    // The next step goes on.
    trained.gradient.fill_random(3);
    run(plan);
    CHECK(trained.weight.floats() != weight);
  }
}

TEST_CASE("accumulate adds to a parameter, run after run" * needs_device()) {
  for (const Shape& shape : {Shape{1}, {7}, {2, 4}, {65, 64}, {5, 1031}}) {
    Parameter target(shape, 1);
    const Values before = target.values();
    Graph g;
    const Tensor x = g.input("x", shape);
    accumulate(target.in(g), scale(x, 2), -0.5f);
    Plan plan(device(), g);
    Floats numbers(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < numbers.size(); i++) numbers[i] = static_cast<float>(i % 17);
    plan.set("x", numbers);
    run(plan);
    run(plan);
    Values expected = before;
    for (size_t i = 0; i < expected.size(); i++) expected[i] -= 2 * double{numbers[i]};
    CHECK(distance(target.floats(), expected) < 1e-6);
  }
}

TEST_CASE("norm of many tensors of many sizes" * needs_device()) {
  // Vectors and scalars mixed, more than fit in a dispatch, one of several chunks.
  std::vector<Given> given;
  for (const Shape& shape : {Shape{1},
                             {7},
                             {4},
                             {64, 64},
                             {8},
                             {12},
                             {257, 301},
                             {16},
                             {20},
                             {24},
                             {28},
                             {256, 257},
                             {32},
                             {3, 5},
                             {36}})
    given.push_back(random(shape, 1));
  const auto reference = [](const std::vector<Values>& v) -> Values {
    double sum = 0;
    for (const Values& x : v)
      for (double e : x) sum += e * e;
    return {std::sqrt(sum)};
  };
  for (size_t count = 1; count <= given.size(); count++)
    check({.given = {given.begin(), given.begin() + static_cast<int64_t>(count)},
           .op = [](In t) { return norm(t); },
           .reference = reference,
           .types = {DType::f32},
           .gradient = false});
}

TEST_CASE("norm of a million elements" * needs_device()) {
  check({.given = {random({1024, 1025}, 3)},
         .op = [](In t) { return norm(t); },
         .reference = [](const std::vector<Values>& v) -> Values {
           double sum = 0;
           for (double e : v[0]) sum += e * e;
           return {std::sqrt(sum)};
         },
         .f32 = {3e-7, 3e-7},
         .types = {DType::f32},
         .gradient = false});
}

TEST_CASE("prune keeps nodes with an effect, and what they need") {
  Graph g;
  const Tensor x = g.input("x", {4});
  const Tensor used = silu(x);
  gelu(x);
  accumulate(g.parameter("w", {{4}, DType::f32}, 4096), used);
  g.output("y", scale(x, 2));
  CHECK(prune(g) == std::vector<uint32_t>{0, 2, 3});
}

TEST_CASE("what writes a parameter waits for all that read it before" * needs_device()) {
  Parameter w({1000}, 1);
  const Floats before = w.floats();
  Graph g;
  const Tensor p = w.in(g);
  g.output("before", scale(p, 2));
  accumulate(p, p, 1);
  g.output("after", scale(p, 2));
  accumulate(p, p, 1);
  Plan plan(device(), g);
  CHECK(plan.dispatch_count() == 4);
  CHECK(plan.barrier_count() == 3);
  run(plan);
  for (size_t i = 0; i < before.size(); i++) {
    CHECK(plan.get("before")[i] == 2 * before[i]);
    CHECK(plan.get("after")[i] == 4 * before[i]);
    CHECK(w.floats()[i] == 4 * before[i]);
  }
}

TEST_CASE("ops with an effect refuse what cannot be written or does not fit") {
  CHECK(refusal([](Graph& g) { accumulate(g.input("x", {2}), g.input("y", {2})); }) ==
        "[accumulate] expects a parameter to write to, not an input or a result of 2");
  CHECK(refusal([](Graph& g) {
          accumulate(g.parameter("w", {{2}, DType::f32}, 4096), g.input("y", {3}));
        }) == "[accumulate] expects equal shapes, not 2 and 3");
  CHECK(refusal([](Graph& g) {
          accumulate(g.parameter("w", {{2}, DType::f16}, 4096), g.input("y", {2}));
        }) == "[accumulate] expects tensors in f32, not f16");
  CHECK(refusal([](Graph&) { norm({}); }) == "[norm] expects at least one tensor");
  const auto adam_message = [](Shape moment, Shape step) {
    return refusal([&](Graph& g) {
      const Tensor w = g.parameter("w", {{6}, DType::f32}, 4096);
      adam({w, w, g.parameter("m", {moment, DType::f32}, 8192), w}, g.input("step", step),
           g.input("norm", {1}), false);
    });
  };
  CHECK(adam_message({2, 3}, {8}).starts_with("[adam] expects a weight, two moments"));
  CHECK(adam_message({6}, {7}) == "[adam] expects step [8] and a norm [1], not 7 and 1");
}
