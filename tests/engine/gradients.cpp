#include "engine/gradients.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"
#include "tests/engine/ops/parameter.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

using Names = std::vector<std::string>;

// The ops of the nodes from `begin` on.
Names ops_from(const Graph& g, size_t begin) {
  Names names;
  for (size_t i = begin; i < g.nodes().size(); i++) names.push_back(g.nodes()[i].op->name);
  return names;
}

// What gradients() appends.
Names appended(Graph& g, Tensor y, const std::vector<Tensor>& wanted) {
  const size_t begin = g.nodes().size();
  gradients(y, g.input("dy", y.shape()), wanted);
  return ops_from(g, begin);
}

double silu_of(double x) { return x / (1 + std::exp(-x)); }
double gelu_of(double x) { return x * 0.5 * (1 + std::erf(x * std::sqrt(0.5))); }

}  // namespace

TEST_CASE("a tensor that is used several times gets the sum of its gradients" * needs_device()) {
  check({.given = {random({3, 20})},
         .op =
             [](In x) {
               const Tensor h = silu(x[0]);
               // h twice, once in another shape, and x again.
               const Tensor a = gelu(h.reshape({15, 4})).reshape({3, 20});
               return add(add(a, scale(h, 3)), x[0]);
             },
         .reference =
             [](const std::vector<Values>& given) {
               Values y;
               for (double x : given[0]) y.push_back(gelu_of(silu_of(x)) + 3 * silu_of(x) + x);
               return y;
             },
         .types = {DType::f32}});
}

TEST_CASE("one tensor as both inputs of an op" * needs_device()) {
  check({.given = {random({5, 4})},
         .op = [](In x) { return add(x[0], x[0]); },
         .reference =
             [](const std::vector<Values>& given) {
               Values y = given[0];
               for (double& v : y) v *= 2;
               return y;
             }});
  check({.given = {random({5, 4})},
         .op = [](In x) { return slice(concat(x[0], x[0]), 3, 4); },
         .reference =
             [](const std::vector<Values>& given) {
               Values y;
               for (size_t i = 0; i < given[0].size(); i++)
                 y.push_back(given[0][i / 4 * 4 + (i + 3) % 4]);
               return y;
             }});
}

TEST_CASE("a chain with reshapes, slices and a loss" * needs_device()) {
  const int64_t rows = 6, columns = 8;
  check({.given = {random({rows, columns}), constant(random({2, 12}))},
         .op =
             [=](In t) {
               const Tensor both = concat(silu(t[0]), scale(t[0], 0.5f));
               const Tensor part = slice(both, 4, 8);  // half of each
               const Tensor images = upsample(part.reshape({1, 2, 3, 8}), 4, 3);
               return mse(slice(images, 0, 2).reshape({2, 12}), t[1]).total;
             },
         .reference = [=](const std::vector<Values>& given) -> Values {
           double sum = 0;
           for (int64_t i = 0; i < 24; i++) {
             const int64_t pixel = i / 2, h = pixel / 3 / 2, w = pixel % 3;
             const double x = given[0][static_cast<size_t>((h * 3 + w) * columns + 4 + i % 2)];
             const double d = silu_of(x) - given[1][static_cast<size_t>(i)];
             sum += d * d;
           }
           return {sum / 24};
         },
         .types = {DType::f32}});
}

TEST_CASE("frozen weights cost no node") {
  const auto norm_nodes = [](const std::vector<int>& wanted) {
    Graph g;
    const std::vector<Tensor> t = {g.input("x", {2, 3, 8}), g.input("w", {8}), g.input("b", {8})};
    const Tensor y = layer_norm(t[0], t[1], t[2], 1e-5f);
    std::vector<Tensor> chosen;
    for (int i : wanted) chosen.push_back(t[static_cast<size_t>(i)]);
    return appended(g, y, chosen);
  };
  CHECK(norm_nodes({0}) == Names{"layer_norm.dx"});
  CHECK(norm_nodes({1}) == Names{"layer_norm.sums", "sum_rows"});
  CHECK(norm_nodes({2}) == Names{"sum_rows"});
  CHECK(norm_nodes({0, 1, 2}) == Names{"layer_norm.dx", "layer_norm.sums", "sum_rows", "sum_rows"});

  Graph g;
  const Tensor a = g.input("a", {2, 4}), b = g.input("b", {2, 4}), c = g.input("c", {2, 4});
  const Tensor frozen = silu(gelu(c));  // no gradient goes there
  const Tensor y = concat(add(silu(a), frozen), b);
  CHECK(appended(g, y, {a}) == Names{"slice", "silu.dx"});
}

TEST_CASE("what lies beside the way from the result to a wanted tensor costs no node") {
  Graph g;
  const Tensor x = g.input("x", {4});
  const Tensor h = silu(x);
  gelu(h);  // leads nowhere
  const Tensor y = scale(h, 2);
  silu(y);  // comes after the result
  CHECK(appended(g, y, {h}) == Names{"scale"});
}

TEST_CASE("gradients refuse what has none") {
  CHECK(refusal([](Graph& g) {
          const Tensor x = g.input("x", {4}), beside = g.input("beside", {4});
          silu(beside);
          gradients(mse(silu(x), gelu(x)).total, std::vector<Tensor>{beside});
        }) == "[gradients] the result does not depend on 'beside'");
  CHECK(refusal([](Graph& g) {
          const Tensor x = g.input("x", {4});
          gradients(silu(x), std::vector<Tensor>{x});
        }) == "[gradients] expects a loss of one element, not 4");
  CHECK(refusal([](Graph& g) {
          const Tensor x = g.input("x", {4});
          gradients(silu(x), g.input("dy", {2, 2}), std::vector<Tensor>{x});
        }) == "[gradients] expects dy to be f32 4 like the result, not f32 2x2");
  static const Op opaque = {"opaque",
                            [](const Node& n) { return std::vector<TensorType>{n.inputs[0].type}; },
                            [](const Node&, Recorder&) {}};
  CHECK(refusal([](Graph& g) {
          const Tensor x = g.input("x", {1});
          gradients(g.node(opaque, {silu(x)}), std::vector<Tensor>{x});
        }) == "[gradients] opaque cannot be differentiated");
  // Unless nobody asks: it makes what is wanted.
  CHECK(refusal([](Graph& g) {
          const Tensor h = g.node(opaque, {g.input("x", {1})});
          gradients(silu(h), std::vector<Tensor>{h});
        }) == "");
}

TEST_CASE("a result that is itself wanted has the gradient that is given" * needs_device()) {
  Graph g;
  const Tensor y = silu(g.input("x", {3}));
  g.output("dy", gradients(y, g.input("given", {3}), std::vector<Tensor>{y})[0]);
  Plan plan(device(), g);
  plan.set("x", Floats{1, 2, 3});
  plan.set("given", Floats{4, 5, 6});
  run(plan);
  CHECK(plan.get("dy") == Floats{4, 5, 6});
}

namespace {

struct Deep {
  Floats dx, dweight;
  int64_t live_bytes = 0;
  size_t dispatches = 0;
};

// Gradients through `blocks` residual blocks with norms.
Deep deep(const Parameter& weight, int blocks, bool checkpointed) {
  Graph g;
  g.recompute = checkpointed;
  const Shape shape = {4, 8, 8, 32};
  const Tensor x = g.input("x", shape), w = weight.in(g), bias = g.input("bias", {32});
  Tensor h = x;
  for (int i = 0; i < blocks; i++) {
    const auto block = [&] {
      Graph::Scope scope(g, "block" + std::to_string(i));
      const Tensor a = gelu(group_norm(h, w, bias, 4, 1e-5f, true));
      return add(h, quick_gelu(layer_norm(a, w, bias, 1e-5f)));
    };
    h = checkpoint(g, block);
  }
  const std::vector<Tensor> grads =
      gradients(mse(h, g.input("target", shape)).total, std::vector<Tensor>{x, w});
  g.output("dx", grads[0]);
  g.output("dweight", grads[1]);
  Plan plan(device(), g);
  Floats numbers(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < numbers.size(); i++) numbers[i] = std::sin(static_cast<float>(i));
  plan.set("x", numbers);
  std::reverse(numbers.begin(), numbers.end());
  plan.set("target", numbers);
  plan.set("bias", Floats(32, 0.1f));
  run(plan);
  return {plan.get("dx"), plan.get("dweight"), plan.placement().live_peak_bytes,
          plan.dispatch_count()};
}

}  // namespace

TEST_CASE("checkpoint gives the same bits in less memory" * needs_device()) {
  const Parameter weight({32}, 5);
  const Deep plain = deep(weight, 8, false), lean = deep(weight, 8, true);
  CHECK(std::any_of(plain.dx.begin(), plain.dx.end(), [](float v) { return v != 0; }));
  CHECK(plain.dx == lean.dx);
  CHECK(plain.dweight == lean.dweight);
  CHECK(lean.dispatches > plain.dispatches);
  MESSAGE("live bytes ", plain.live_bytes, " and ", lean.live_bytes, " with checkpoints");
  CHECK(2 * lean.live_bytes < plain.live_bytes);
}

TEST_CASE("a replaced parameter stands in for the original, and has the gradient" *
          needs_device()) {
  const Parameter original({4}, 1), overlay({4}, 2);
  Graph g;
  g.replace(original.address(), [&](Graph& graph) { return overlay.in(graph); });
  const Tensor x = g.input("x", {1, 4}), bias = g.input("bias", {4});
  const Tensor y = layer_norm(x, original.in(g), bias, 1e-5f);
  CHECK(g.nodes()[0].inputs[1].id == overlay.in(g).id);
  const std::vector<Tensor> grads =
      gradients(y, g.input("dy", {1, 4}), std::vector<Tensor>{overlay.in(g)});
  g.replace(original.address(), {});
  g.output("y", y);
  g.output("dweight", grads[0]);
  g.output("with original", layer_norm(x, original.in(g), bias, 1e-5f));
  Plan plan(device(), g);
  plan.set("x", Floats{-1, 1, -1, 1});
  plan.set("bias", Floats(4, 0));
  plan.set("dy", Floats{1, 2, 3, 4});
  run(plan);
  const Floats y_is = plan.get("y"), original_is = plan.get("with original"),
               grad = plan.get("dweight");
  for (size_t i = 0; i < 4; i++) {
    const double sign = i % 2 ? 1 : -1;
    CHECK(y_is[i] == doctest::Approx(sign * overlay.floats()[i]).epsilon(1e-4));
    CHECK(original_is[i] == doctest::Approx(sign * original.floats()[i]).epsilon(1e-4));
    CHECK(grad[i] == doctest::Approx(sign * static_cast<double>(i + 1)).epsilon(1e-4));
  }
}

TEST_CASE("a replacement must look like what it replaces") {
  const auto message = [](TensorType with) {
    return refusal([&](Graph& g) {
      g.replace(4096, [&](Graph& graph) { return graph.parameter("with", with, 8192); });
      g.parameter("weight", {{2, 3}, DType::f32}, 4096);
    });
  };
  CHECK(message({{2, 3}, DType::f32}) == "");
  CHECK(message({{3, 2}, DType::f32}) ==
        "[graph] the replacement of 'weight' is f32 3x2 and not f32 2x3");
  CHECK(message({{2, 3}, DType::f16}) ==
        "[graph] the replacement of 'weight' is f16 2x3 and not f32 2x3");
}

namespace {

// y = layer_norm(x) * weight + bias, fitted to a target.
struct Fit {
  Parameter weight{{32}, 1}, bias{{32}, 2},
      moments[4] = {{{32}, 0}, {{32}, 0}, {{32}, 0}, {{32}, 0}},
      gradient[2] = {{{32}, 0}, {{32}, 0}};

  void add_gradient(Graph& g) const {
    const Tensor x = g.input("x", {16, 32}), w = weight.in(g), b = bias.in(g);
    const Loss loss = mse(silu(layer_norm(x, w, b, 1e-5f)), g.input("target", {16, 32}));
    const std::vector<Tensor> grads = gradients(loss.total, std::vector<Tensor>{w, b});
    for (int i = 0; i < 2; i++) accumulate(gradient[i].in(g), grads[static_cast<size_t>(i)], 0.5f);
    g.output("loss", loss.total);
  }
  void add_update(Graph& g) const {
    const std::vector<Tensor> grads = {gradient[0].in(g), gradient[1].in(g)};
    const Tensor step = g.input("step", {8}), length = norm(grads);
    adam({weight.in(g), moments[0].in(g), moments[1].in(g), grads[0]}, step, length, true);
    adam({bias.in(g), moments[2].in(g), moments[3].in(g), grads[1]}, step, length, true);
    g.output("norm", length);
  }
};

const AdamStep fit_step{.learning_rate = 0.05, .weight_decay = 0.01, .largest_norm = 0.1};

void set_example(Plan& plan, int64_t t) {
  Floats x(16 * 32), target(16 * 32);
  for (size_t i = 0; i < x.size(); i++) {
    x[i] = std::sin(static_cast<float>(i * 7 + 3 * static_cast<size_t>(t)));
    target[i] = 0.3f + x[i] * 0.2f;
  }
  plan.set("x", x);
  plan.set("target", target);
}

}  // namespace

TEST_CASE("a plan of gradients and a plan of updates train the same parameters" * needs_device()) {
  Fit fit;
  Graph forward, update;
  fit.add_gradient(forward);
  fit.add_update(update);
  Plan gradient_plan(device(), forward), update_plan(device(), update);
  float first = 0, last = 0;
  for (int64_t t = 1; t <= 60; t++) {
    Floats once;
    for (int micro = 0; micro < 2; micro++) {  // the same half twice: sums are exact
      set_example(gradient_plan, 1);
      run(gradient_plan);
      const Floats now = fit.gradient[0].floats();
      if (micro == 0) once = now;
      for (size_t i = 0; i < now.size() && micro == 1; i++) CHECK(now[i] == 2 * once[i]);
    }
    (t == 1 ? first : last) = gradient_plan.get("loss")[0];
    update_plan.set("step", fit_step.numbers(t, true));
    run(update_plan);
    CHECK(update_plan.get("norm")[0] > 0);
    CHECK(fit.gradient[0].floats() == Floats(32, 0));
    CHECK(fit.gradient[1].floats() == Floats(32, 0));
  }
  MESSAGE("loss ", first, " -> ", last);
  CHECK(last < 0.2f * first);
}

TEST_CASE("gradients and updates in one plan give the same bits" * needs_device()) {
  Fit two, one;
  Graph forward, update, all;
  two.add_gradient(forward);
  two.add_update(update);
  one.add_gradient(all);
  one.add_update(all);
  Plan gradient_plan(device(), forward), update_plan(device(), update), both(device(), all);
  for (int64_t t = 1; t <= 5; t++) {
    set_example(gradient_plan, t);
    set_example(both, t);
    update_plan.set("step", fit_step.numbers(t, true));
    both.set("step", fit_step.numbers(t, true));
    run(gradient_plan);
    run(update_plan);
    run(both);
    CHECK(gradient_plan.get("loss") == both.get("loss"));
    CHECK(two.weight.floats() == one.weight.floats());
    CHECK(two.bias.floats() == one.bias.floats());
  }
}
