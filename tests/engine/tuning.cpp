#include "engine/tuning.h"

#include <cstring>
#include <functional>
#include <set>

#include "base/file.h"
#include "base/rng.h"
#include "engine/gradients.h"
#include "engine/ops.h"
#include "engine/plan.h"
#include "tests/device.h"
#include "tests/temporary.h"

namespace lacuna::test {
namespace {

struct Case {
  const char* name;
  std::vector<Shape> given;
  std::function<Tensor(const std::vector<Tensor>&)> make;
};
using In = const std::vector<Tensor>&;

// Sizes that no tile divides.
std::vector<Case> cases() {
  return {
      {"linear", {{37, 24}, {24, 76}, {76}}, [](In t) { return linear(t[0], t[1], t[2]); }},
      {"linear, odd", {{37, 23}, {23, 75}}, [](In t) { return linear(t[0], t[1]); }},
      {"conv2d",
       {{2, 7, 9, 12}, {3, 3, 12, 20}, {20}},
       [](In t) { return conv2d(t[0], t[1], t[2]); }},
      {"attention",
       {{1, 71, 48}, {1, 29, 48}, {1, 29, 48}},
       [](In t) { return attention(t[0], t[1], t[2], 2); }},
  };
}

// The result and all gradients.
std::vector<std::vector<float>> run(const Case& c, const DeviceTraits& traits) {
  Graph g;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.given.size(); i++)
    inputs.push_back(g.input(std::to_string(i), c.given[i]));
  const Tensor y = c.make(inputs);
  const Tensor dy = g.input("dy", y.shape());
  const std::vector<Tensor> grads = gradients(y, dy, inputs);
  g.output("y", y);
  for (size_t i = 0; i < grads.size(); i++) g.output("d" + std::to_string(i), grads[i]);
  Plan plan(device(), g, {.traits = traits});
  const auto fill = [&](const std::string& name, const Shape& shape, uint64_t seed) {
    Rng rng(RngKind::torch, seed);
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    for (float& v : values) v = static_cast<float>(rng.below(2001)) * 1e-3f - 1;
    plan.set(name, values);
  };
  for (size_t i = 0; i < c.given.size(); i++) fill(std::to_string(i), c.given[i], i);
  fill("dy", y.shape(), 99);
  plan.run();
  std::vector<std::vector<float>> results = {plan.get("y")};
  for (size_t i = 0; i < grads.size(); i++) results.push_back(plan.get("d" + std::to_string(i)));
  return results;
}

bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  for (size_t i = 0; i < a.size(); i++)
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)) != 0) return false;
  return a.size() == b.size();
}

}  // namespace

TEST_CASE("every variant of every kernel gives the same bits" * needs_device()) {
  for (const bool cpu : {false, true}) {
    DeviceTraits traits = device().traits();
    traits.cpu = cpu;
    for (const Case& c : cases()) {
      CAPTURE(c.name);
      CAPTURE(cpu);
      traits.tuning = nullptr;
      const auto usual = run(c, traits);
      Tuning watched;
      Tuning::Seen seen;
      watched.watch(&seen);
      traits.tuning = &watched;
      CHECK(same_bits(run(c, traits), usual));
      REQUIRE(!seen.empty());
      size_t most = 0;
      for (const auto& [key, node] : seen) {
        CHECK(std::set(node.codes.begin(), node.codes.end()).size() == node.codes.size());
        most = std::max(most, node.codes.size());
      }
      CHECK(most >= 2);
      for (size_t i = 1; i < most; i++) {
        Tuning forced;
        for (const auto& [key, node] : seen)
          forced.set(key, node.codes[std::min(i, node.codes.size() - 1)]);
        traits.tuning = &forced;
        CAPTURE(i);
        CHECK(same_bits(run(c, traits), usual));
      }
    }
  }
}

TEST_CASE("a table that is old, foreign or damaged is no obstacle") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "deep" / "tuning.json";
  CHECK(Tuning::load(file).size() == 0);
  Tuning table;
  table.set("linear f32 [1,2]", 7);
  table.save(file);
  CHECK(Tuning::load(file).size() == 1);
  for (const char* text : {"", "[]", "{\"a\": -1, \"b\": \"x\", \"c\": 99999999999}", "{\"a\": "}) {
    write_file(file, text, Overwrite::yes);
    CHECK(Tuning::load(file).size() == 0);
  }
  // A code that the op does not know (any more) counts for nothing.
  Graph g;
  const Tensor y = linear(g.input("x", {4, 8}), g.input("w", {8, 4}));
  const Node& n = g.nodes().back();
  Tuning strange;
  const DeviceTraits gpu, cpu{.cpu = true}, relaxed{.arithmetic = Arithmetic::relaxed};
  strange.set(Tuning::key_of(n, gpu), 12345);
  CHECK(strange.choose(n, gpu, std::vector<uint32_t>{1, 2}) == 1);
  strange.set(Tuning::key_of(n, gpu), 2);
  CHECK(strange.choose(n, gpu, std::vector<uint32_t>{1, 2}) == 2);
  CHECK(strange.choose(n, cpu, std::vector<uint32_t>{1, 2}) == 1);
  // What is fastest in another class of arithmetic may not exist in this one.
  CHECK(strange.choose(n, relaxed, std::vector<uint32_t>{1, 2}) == 1);
  CHECK(y.shape() == Shape{4, 4});
}

}  // namespace lacuna::test
