#include "engine/plan.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>

#include "base/error.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

using Floats = std::vector<float>;

// The message of the Error that `act` throws, or "".
std::string complaint(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) { return error.what(); }
  return "";
}

Floats counted(int64_t count, float step) {
  Floats values;
  for (int64_t i = 0; i < count; i++) values.push_back(static_cast<float>(i) * step);
  return values;
}

// A chain of `length` sums: y = (length + 1) x, one dispatch each.
Tensor chain(Tensor x, int length) {
  Tensor y = x;
  for (int i = 0; i < length; i++) y = add(y, x);
  return y;
}

}  // namespace

TEST_CASE("a plan runs as often as wanted, with inputs that change" * needs_device()) {
  Graph g;
  const Tensor x = g.input("x", {2, 3}), bias = g.input("bias", {2, 3});
  g.output("y", add(scale(x, 2), bias));
  Plan plan(device(), g);
  plan.set("bias", counted(6, 100));
  for (int round = 0; round < 5; round++) {
    plan.set("x", counted(6, static_cast<float>(round)));
    run(plan);
    CHECK(plan.get("y") == counted(6, static_cast<float>(100 + 2 * round)));
  }
}

TEST_CASE("a plan outlives its graph" * needs_device()) {
  std::optional<Plan> plan;
  {
    Graph g;
    g.output("y", scale(g.input("x", {5}), 3));
    plan.emplace(device(), g);
  }
  plan->set("x", counted(5, 1));
  run(*plan);
  CHECK(plan->get("y") == counted(5, 3));
}

TEST_CASE("plans name the input that is wrong" * needs_device()) {
  Graph g;
  g.output("y", add(g.input("a", {2, 3}), g.input("b", {2, 3})));
  Plan plan(device(), g);
  CHECK(complaint([&] { plan.set("a", counted(5, 1)); }) ==
        "[plan] input 'a' is f32 2x3 and got 5 values of f32");
  CHECK(complaint([&] { plan.set("a", std::vector<int32_t>(6)); }) ==
        "[plan] input 'a' is f32 2x3 and got 6 values of i32");
  CHECK(complaint([&] { plan.set("c", counted(6, 1)); }) == "[plan] there is no input 'c'");
  CHECK(complaint([&] { plan.get("z"); }) == "[plan] there is no output 'z'");
  plan.set("a", counted(6, 1));
  for (const auto& act : std::vector<std::function<void()>>{
           [&] { plan.run(); }, [&] { plan.profile(); }, [&] { plan.trace(); }})
    CHECK(complaint(act) == "[plan] input 'b' was never set");
}

TEST_CASE("names are unique, and parameters are no outputs" * needs_device()) {
  Graph inputs;
  inputs.output("y", add(inputs.input("x", {2}), inputs.input("x", {2})));
  CHECK(complaint([&] { Plan(device(), inputs); }) == "[plan] two inputs are named 'x'");
  Graph outputs;
  const Tensor x = outputs.input("x", {2});
  outputs.output("y", silu(x));
  outputs.output("y", gelu(x));
  CHECK(complaint([&] { Plan(device(), outputs); }) == "[plan] two outputs are named 'y'");
  Graph parameters;
  parameters.output("y", parameters.parameter("w", {Shape{2}}, 4096));
  CHECK(complaint([&] {
          Plan(device(), parameters);
        }).starts_with("[plan] output 'y' is a parameter"));
}

TEST_CASE("an output may be an input, a shared tensor or a reshaped one" * needs_device()) {
  Graph g;
  const Tensor x = g.input("x", {2, 4});
  const Tensor y = scale(x, 2);
  g.output("x", x);
  g.output("y", y);
  g.output("same", y.reshape({8}));
  g.output("z", scale(y.reshape({4, 2}), 2));
  Plan plan(device(), g);
  plan.set("x", counted(8, 1));
  run(plan);
  CHECK(plan.get("x") == counted(8, 1));
  CHECK(plan.get("y") == counted(8, 2));
  CHECK(plan.get("same") == counted(8, 2));
  CHECK(plan.get("z") == counted(8, 4));
}

TEST_CASE("a plan without nodes, inputs or outputs runs" * needs_device()) {
  Graph g;
  Plan empty(device(), g);
  CHECK_NOTHROW(empty.run());
  CHECK(empty.dispatches().empty());
  g.output("x", g.input("x", {3}));
  Plan copies(device(), g);
  copies.set("x", counted(3, 1));
  copies.run();
  CHECK(copies.get("x") == counted(3, 1));
}

TEST_CASE("outputs that an op keeps for its gradient can be read" * needs_device()) {
  Graph g;
  const Tensor one = g.input("one", {2}), zero = g.input("zero", {2});
  g.output("y", group_norm(g.input("x", {1, 2, 2}), one, zero, 1, 1e-5f));
  g.output("stats", g.nodes().back().outputs[1]);
  Plan plan(device(), g);
  plan.set("x", Floats{1, 3, 1, 3});
  plan.set("one", Floats{1, 1});
  plan.set("zero", Floats{0, 0});
  run(plan);
  const Floats stats = plan.get("stats");
  REQUIRE(stats.size() == 2);
  CHECK(stats[0] == 2);
  CHECK(stats[1] == doctest::Approx(1).epsilon(1e-5));
  CHECK(plan.get("y")[3] == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("nodes that no output needs are not run" * needs_device()) {
  Graph g;
  const Tensor x = g.input("x", {4});
  silu(x);
  g.output("y", scale(x, 2));
  gelu(x);
  CHECK(Plan(device(), g).dispatch_count() == 1);
}

TEST_CASE("many dispatches in several command buffers, with a barrier between each two" *
          needs_device()) {
  Graph g;
  g.output("y", chain(g.input("x", {1000}), 350));
  Plan plan(device(), g);
  CHECK(plan.dispatch_count() == 350);
  CHECK(plan.barrier_count() == 349);
  plan.set("x", counted(1000, 1));
  run(plan);
  CHECK(plan.get("y") == counted(1000, 351));
}

TEST_CASE("an arena of several allocations gives the same bits" * needs_device()) {
  const auto results = [](int64_t block) {
    Graph g;
    const Tensor x = g.input("x", {4, 1000});
    Tensor a = silu(x), b = gelu(x), c = quick_gelu(x), d = softmax(x);
    g.output("y", add(add(a, b), add(c, d)));
    Plan plan(device(), g, {.arena = make_arena(device(), block)});
    plan.set("x", counted(4000, 0.001f));
    run(plan);
    if (block > 0) CHECK(plan.placement().arena_bytes > block);
    return plan.get("y");
  };
  CHECK(results(20000) == results(0));
}

namespace {

// Plans of different sizes, with many intermediate results.
Plan layers(int64_t rows, const std::shared_ptr<Arena>& arena) {
  Graph g;
  const Tensor x = g.input("x", {rows, 64});
  Tensor y = softmax(add(silu(x), gelu(x)));
  for (int i = 0; i < 5; i++) y = add(softmax(quick_gelu(y)), silu(x));
  g.output("y", y);
  return Plan(device(), g, {.arena = arena});
}

}  // namespace

TEST_CASE("plans that share an arena give the bits of plans that have their own" * needs_device()) {
  for (const int64_t block : {int64_t{0}, int64_t{40000}}) {
    CAPTURE(block);
    const auto results = [&](const std::shared_ptr<Arena>& first,
                             const std::shared_ptr<Arena>& second) {
      std::vector<Floats> all;
      Plan small = layers(3, first);
      small.set("x", counted(3 * 64, 0.01f));
      run(small);
      // A larger one makes the arena grow, after the small one's inputs are set.
      small.set("x", counted(3 * 64, 0.02f));
      std::optional<Plan> large = layers(150, second);
      for (int round = 1; round < 4; round++) {
        large->set("x", counted(150 * 64, 0.001f * static_cast<float>(round)));
        run(small);
        run(*large);
        all.push_back(small.get("y"));  // though another plan has run since
        all.push_back(large->get("y"));
      }
      large.reset();  // and shrink
      run(small);
      all.push_back(small.get("y"));
      return all;
    };
    const auto shared = make_arena(device(), block);
    CHECK(results(shared, shared) ==
          results(make_arena(device(), block), make_arena(device(), block)));
  }
}

TEST_CASE("the arena is as large as the largest plan that is alive needs" * needs_device()) {
  const auto arena = make_arena(device());
  const uint64_t before = device().allocated_bytes();
  const auto used = [&] { return static_cast<int64_t>(device().allocated_bytes() - before); };
  int64_t need = 0, apart = 0;
  {
    std::vector<Plan> plans;
    for (const int64_t rows : {1, 40, 7, 80}) {
      plans.push_back(layers(rows, arena));
      need = std::max(need, plans.back().placement().arena_bytes);
      // Input, its staging and the result's copy are each plan's own.
      apart += 3 * rows * 64 * 4;
      CHECK(used() == need + apart);
    }
    plans.pop_back();
    need = plans[1].placement().arena_bytes;
    CHECK(used() == need + apart - 3 * 80 * 64 * 4);
  }
  CHECK(used() == 0);
}

TEST_CASE("a result that stays on the device is copied before another plan runs" * needs_device()) {
  const auto arena = make_arena(device());
  Plan first = layers(3, arena), second = layers(3, arena);
  for (Plan* plan : {&first, &second}) {
    plan->set("x", counted(3 * 64, 0.01f));
    run(*plan);
  }
  const Buffer kept = second.copy("y");
  Floats values(3 * 64);
  device().download(kept, 0, std::as_writable_bytes(std::span(values)));
  CHECK(values == second.get("y"));
  CHECK(complaint([&] { first.copy("y"); }) ==
        "[plan] another plan has run since 'y' was computed; copy it before");
}

TEST_CASE("a tensor larger than an allocation may be is refused in words" * needs_device()) {
  Graph g;
  g.output("y", silu(g.input("x", {100, 100})));
  CHECK(complaint([&] {
          Plan(device(), g, {.arena = make_arena(device(), 10000)});
        }).starts_with("[plan] one tensor of 100x100 needs 0.0 MiB"));
}

TEST_CASE("profile has a line per node with its work" * needs_device()) {
  Graph g;
  const Tensor x = g.input("x", {1, 8, 8, 32}), w = g.input("w", {32});
  {
    Graph::Scope scope(g, "mid_block");
    Graph::Scope inner(g, "norm");
    g.output("y", silu(group_norm(x, w, w, 8, 1e-5f)));
  }
  Plan plan(device(), g);
  plan.set("x", counted(8 * 8 * 32, 0.01f));
  plan.set("w", counted(32, 1));
  const std::vector<NodeProfile> lines = plan.profile();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].op == "group_norm");
  CHECK(lines[1].op == "silu");
  for (const NodeProfile& line : lines) {
    CHECK(line.scope == "mid_block.norm");
    CHECK(line.seconds > 0);
  }
  CHECK(lines[0].shape.ends_with("-> 1x8x8x32"));
  CHECK(lines[1].bytes == 2 * 4 * 8 * 8 * 32);
}

TEST_CASE("trace has a line per node with the statistics of its result" * needs_device()) {
  Graph g;
  const Tensor x = g.input("x", {4});
  g.output("y", scale(add(scale(x, 2), x), 1e38f));
  Plan plan(device(), g);
  plan.set("x", Floats{-1, 0, 1, 40});
  const std::vector<NodeTrace> lines = plan.trace();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].op == "scale");
  CHECK(lines[1].min == -3);
  CHECK(lines[1].max == 120);
  CHECK(lines[1].mean == 30);
  CHECK(lines[1].not_finite == 0);
  CHECK(lines[2].not_finite == 1);
}

TEST_CASE("a graph refuses tensors of another graph, and reshapes that do not fit") {
  Graph a, b;
  const Tensor x = a.input("x", {2}), y = b.input("y", {2});
  CHECK(complaint([&] { add(x, y); }) == "[add] got a tensor of another graph");
  CHECK(complaint([&] { x.reshape({3}); }) == "[reshape] 2 has 2 elements and cannot become 3");
  CHECK(complaint([&] { a.input("z", {2, 0}); }).starts_with("[shape] an axis has size 0"));
  CHECK(complaint([&] {
          Shape({1, 1, 1, 1, 1});
        }).starts_with("[shape] a tensor has one to four axes"));
}
