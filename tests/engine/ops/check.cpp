#include "tests/engine/ops/check.h"

#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include "base/error.h"
#include "base/tensors/half.h"
#include "engine/gradients.h"
#include "engine/passes.h"

namespace lacuna::test {
namespace {

std::set<const KernelVariant*>& variants_run() {
  static std::set<const KernelVariant*> set;
  return set;
}

Values numbers(const Given& given, uint32_t seed) {
  if (!given.values.empty()) return given.values;
  std::mt19937 bits(seed + 1);
  Values values(static_cast<size_t>(given.shape.elements()));
  for (double& v : values) {
    if (given.ids > 0) {
      v = static_cast<double>(bits() % static_cast<uint32_t>(given.ids));
    } else {
      // Uniform, with the variance asked for: the same numbers with every standard library.
      v = given.mean + given.deviation * std::sqrt(12.0) * (bits() / 4294967296.0 - 0.5);
    }
  }
  return values;
}

DType storage_type(const Given& given, KernelTypes types) {
  return given.ids > 0 ? DType::i32 : given.weight ? types.weights : types.activations;
}

std::vector<std::byte> stored(const Values& values, DType type) {
  std::vector<std::byte> bytes(values.size() * static_cast<size_t>(size_of(type)));
  for (size_t i = 0; i < values.size(); i++) {
    const float real = static_cast<float>(values[i]);
    const uint16_t half = half_from_float(real);
    const int32_t whole = static_cast<int32_t>(values[i]);
    if (type == DType::f32) std::memcpy(&bytes[i * 4], &real, 4);
    if (type == DType::f16) std::memcpy(&bytes[i * 2], &half, 2);
    if (type == DType::i32) std::memcpy(&bytes[i * 4], &whole, 4);
  }
  return bytes;
}

void round_to(Values& values, DType type) {
  for (double& v : values) {
    const float real = static_cast<float>(v);
    v = type == DType::f16 ? float_from_half(half_from_float(real)) : real;
  }
}

// A case in one storage type: the graph, and what its tensors hold.
struct Instance {
  Graph graph;
  std::vector<Values> given;  // as stored
  std::vector<std::string> input_names;
  std::vector<Buffer> buffers;
  std::vector<Tensor> tensors;
  Tensor result;

  Instance(const OpCase& c, KernelTypes types) {
    for (const Given& g : c.given) {
      const auto i = static_cast<uint32_t>(given.size());
      given.push_back(numbers(g, i));
      const DType storage = storage_type(g, types);
      round_to(given.back(), storage);
      // Plans take inputs in 32 bits, so half-precision activations are stored like weights.
      const bool input = !g.weight && storage != DType::f16;
      input_names.push_back(input ? "given" + std::to_string(i) : "");
      if (input) {
        tensors.push_back(graph.input(input_names.back(), g.shape, storage));
        continue;
      }
      const std::vector<std::byte> bytes = stored(given.back(), storage);
      buffers.emplace_back(device(), bytes.size(), Memory::device, "a test's tensor");
      device().upload(buffers.back(), 0, bytes);
      tensors.push_back(graph.parameter("given", {g.shape, storage}, buffers.back().address()));
    }
    result = c.op(tensors);
    graph.output("result", result);
  }

  void run_once(Plan& plan) {
    for (size_t i = 0; i < given.size(); i++) {
      if (input_names[i].empty()) continue;
      if (graph.values()[i].type.dtype == DType::i32)
        plan.set(input_names[i], std::vector<int32_t>(given[i].begin(), given[i].end()));
      else
        plan.set(input_names[i], std::vector<float>(given[i].begin(), given[i].end()));
    }
    run(plan);
  }
};

void compare(const std::vector<float>& result, const Values& expected, const Bounds& bounds) {
  REQUIRE(result.size() == expected.size());
  double error = 0, norm = 0, worst = 0, largest = 0;
  size_t at = 0;
  for (size_t i = 0; i < expected.size(); i++) {
    const double difference = std::abs(result[i] - expected[i]);
    if (!(difference <= worst) && !std::isnan(worst)) {  // also when it is not a number
      worst = difference;
      at = i;
    }
    error += difference * difference;
    norm += expected[i] * expected[i];
    largest = std::max(largest, std::abs(expected[i]));
  }
  INFO("worst element ", at, ": ", result[at], ", expected ", expected[at]);
  CHECK(std::sqrt(error) <= bounds.l2 * std::sqrt(norm));
  CHECK(worst <= bounds.max * largest);
}

bool same_kernels(std::span<const Dispatch> a, std::span<const Dispatch> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Dispatch& x, const Dispatch& y) {
                      return x.variant == y.variant && x.specialization == y.specialization;
                    });
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
  return sum;
}

double norm_of(const Values& v) { return std::sqrt(dot(v, v)); }

// <reference(given + step along `direction` of tensor k), dy>, by central differences.
double slope(const OpCase& c, const std::vector<Values>& given, const Values& dy, size_t k,
             const Values& direction) {
  const double step = 1e-4;
  std::vector<Values> moved = given;
  const auto at = [&](double by) {
    for (size_t i = 0; i < direction.size(); i++) moved[k][i] = given[k][i] + by * direction[i];
    return dot(c.reference(moved), dy);
  };
  // Of fourth order, so that its own error stays below float's.
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

void compare_gradient(const OpCase& c, const Instance& instance, const Values& dy, size_t k,
                      const Values& gradient, const Bounds& bounds) {
  INFO("gradient of input ", k);
  const std::vector<Values>& given = instance.given;
  std::mt19937 bits(static_cast<uint32_t>(k) + 77);
  int64_t cost = static_cast<int64_t>(dy.size());
  for (const Values& v : given) cost += static_cast<int64_t>(v.size());
  const size_t count = gradient.size();
  const size_t samples = std::min(count, static_cast<size_t>(std::max<int64_t>(6, 200'000 / cost)));
  double largest = 0;
  for (double g : gradient) largest = std::max(largest, std::abs(g));
  for (size_t s = 0; s < samples; s++) {
    const size_t i = samples == count ? s : bits() % count;
    Values direction(count, 0);
    direction[i] = 1;
    const double expected = slope(c, given, dy, k, direction);
    INFO("element ", i, ": ", gradient[i], ", expected ", expected);
    CHECK(std::abs(gradient[i] - expected) <= bounds.max * std::max(largest, std::abs(expected)));
  }
  for (int repeat = 0; repeat < 2; repeat++) {
    Values direction(count);
    for (double& v : direction) v = bits() / 2147483648.0 - 1;
    const double expected = slope(c, given, dy, k, direction);
    INFO("along a random direction: ", dot(gradient, direction), ", expected ", expected);
    CHECK(std::abs(dot(gradient, direction) - expected) <=
          bounds.l2 * norm_of(gradient) * norm_of(direction));
  }
}

void check_gradients(const OpCase& c, KernelTypes types, const DeviceTraits& traits) {
  Instance instance(c, types);
  Values dy = numbers(random(instance.result.shape()), 1000);
  round_to(dy, DType::f32);
  std::vector<Tensor> wanted;
  std::vector<size_t> index;
  for (size_t k = 0; k < c.given.size(); k++) {
    if (c.given[k].ids > 0 || c.given[k].constant) continue;
    wanted.push_back(instance.tensors[k]);
    index.push_back(k);
  }
  const std::vector<Tensor> results = gradients(
      instance.result, instance.graph.input("dy", instance.result.shape(), DType::f32), wanted);
  for (size_t w = 0; w < wanted.size(); w++) {
    CHECK(results[w].dtype() == DType::f32);
    instance.graph.output("gradient" + std::to_string(w), results[w]);
  }
  Plan plan(device(), instance.graph, {.traits = traits});
  plan.set("dy", std::vector<float>(dy.begin(), dy.end()));
  instance.run_once(plan);
  std::vector<std::vector<float>> first;
  for (size_t w = 0; w < wanted.size(); w++) {
    first.push_back(plan.get("gradient" + std::to_string(w)));
    compare_gradient(c, instance, dy, index[w], Values(first[w].begin(), first[w].end()),
                     types.activations == DType::f16 ? c.gradient_f16 : c.gradient_f32);
  }
  instance.run_once(plan);
  for (size_t w = 0; w < wanted.size(); w++)
    CHECK_MESSAGE(std::memcmp(first[w].data(), plan.get("gradient" + std::to_string(w)).data(),
                              first[w].size() * sizeof(float)) == 0,
                  "two runs differ in bits");
}

std::string describe(const OpCase& c, const Graph& graph, KernelTypes types) {
  std::string text = graph.nodes().empty() ? "no node" : graph.nodes().back().op->name;
  for (const Given& g : c.given) text += " " + g.shape.str();
  return text + " " + types.name();
}

}  // namespace

Given random(Shape shape, double mean, double deviation) {
  return {shape, mean, deviation, false, 0, {}, false};
}
Given weight(Shape shape, double mean, double deviation) {
  return {shape, mean, deviation, true, 0, {}, false};
}
Given ids(Shape shape, int64_t below) { return {shape, 0, 0, false, below, {}, false}; }
Given fixed(Shape shape, Values values) {
  return {shape, 0, 0, false, 0, std::move(values), false};
}
Given constant(Given given) {
  given.constant = true;
  return given;
}

void check(const OpCase& c) {
  for (const KernelTypes types : c.types) {
    const bool halves = types.activations == DType::f16 || types.weights == DType::f16;
    if (halves && !device().traits().storage16) continue;
    Instance instance(c, types);
    INFO(describe(c, instance.graph, types));
    const Values expected = c.reference(instance.given);
    const Bounds& bounds = instance.result.dtype() == DType::f16 ? c.f16 : c.f32;
    std::vector<Dispatch> first;
    for (const bool cpu : {device().traits().cpu, !device().traits().cpu}) {
      DeviceTraits traits = device().traits();
      traits.cpu = cpu;
      if (c.gradient) check_gradients(c, types, traits);
      std::vector<Dispatch> dispatches = lower(instance.graph, prune(instance.graph), traits,
                                               [](uint32_t) { return uint64_t{0}; });
      if (cpu != device().traits().cpu && same_kernels(first, dispatches)) continue;
      INFO("kernels for ", cpu ? "CPU" : "GPU", " devices");
      Plan plan(device(), instance.graph, {.traits = traits});
      instance.run_once(plan);
      const std::vector<float> result = plan.get("result");
      compare(result, expected, bounds);
      instance.run_once(plan);
      const std::vector<float> again = plan.get("result");
      CHECK_MESSAGE(std::memcmp(result.data(), again.data(), result.size() * sizeof(float)) == 0,
                    "two runs differ in bits");
      first = std::move(dispatches);
    }
  }
}

void run(Plan& plan) {
  plan.run();
  for (const Dispatch& d : plan.dispatches()) variants_run().insert(d.variant);
}

std::vector<std::string> kernels_never_run() {
  std::vector<std::string> names;
  for (const Kernel* kernel : all_kernels())
    for (const KernelVariant& variant : kernel->variants)
      if (!variants_run().count(&variant) && (variant.type == "f32" || device().traits().storage16))
        names.push_back(std::string(kernel->name) + " " + std::string(variant.type));
  return names;
}

std::string refusal(const std::function<void(Graph&)>& make) {
  Graph graph;
  try {
    make(graph);
    lower(graph, prune(graph), DeviceTraits{}, [](uint32_t) { return uint64_t{0}; });
  } catch (const InputError& error) { return error.what(); }
  return "";
}

}  // namespace lacuna::test
