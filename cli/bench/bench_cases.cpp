#include "cli/bench/bench_cases.h"

#include <fmt/format.h>

#include <cstring>

#include "base/clock.h"
#include "base/tensors/half.h"
#include "engine/gradients.h"
#include "engine/ops.h"

namespace lacuna {
namespace {

using In = const std::vector<Tensor>&;

std::string batched(int64_t batch, const std::string& shape) {
  return batch == 1 ? shape : fmt::format("{}x{}", batch, shape);
}

BenchCase linear_case(int64_t m, int64_t n, int64_t k) {
  return {"linear", fmt::format("{}x{}x{}", m, n, k), {{m, k}, {k, n}, {n}}, [](In t) {
            return linear(t[0], t[1], t[2]);
          }};
}

BenchCase conv2d_case(int64_t batch, int64_t side, int64_t in, int64_t out) {
  return {"conv2d",
          batched(batch, fmt::format("{}x{}x{}x{}", side, side, in, out)),
          {{batch, side, side, in}, {3, 3, in, out}, {out}},
          [](In t) { return conv2d(t[0], t[1], t[2]); }};
}

BenchCase attention_case(int64_t batch, int64_t queries, int64_t keys, int heads, int64_t head) {
  const Shape q{batch, queries, heads * head}, k{batch, keys, heads * head};
  return {"attention",
          batched(batch, fmt::format("{}x{}x{}x{}", queries, keys, heads, head)),
          {q, k, k},
          [=](In t) { return attention(t[0], t[1], t[2], heads); }};
}

// Whose gradients training needs, too.
std::vector<BenchCase> products() {
  return {
      linear_case(1024, 1024, 1024),
      linear_case(4096, 320, 320),
      linear_case(4096, 320, 1280),
      linear_case(1024, 640, 640),
      linear_case(256, 1280, 1280),
      linear_case(77, 768, 768),
      linear_case(2, 1280, 320),
      linear_case(4096, 64, 64),
      linear_case(1024, 64, 64),
      linear_case(256, 128, 128),
      linear_case(77, 768, 320),
      linear_case(4, 128, 256),
      linear_case(1024, 128, 128),
      linear_case(1024, 512, 128),
      linear_case(256, 512, 512),
      conv2d_case(1, 64, 320, 320),
      conv2d_case(1, 32, 640, 640),
      conv2d_case(1, 16, 1280, 1280),
      conv2d_case(1, 8, 1280, 1280),
      conv2d_case(1, 64, 4, 320),
      conv2d_case(1, 64, 320, 4),
      conv2d_case(16, 16, 64, 64),
      conv2d_case(4, 16, 64, 64),
      conv2d_case(4, 8, 128, 128),
      conv2d_case(16, 8, 128, 128),
      conv2d_case(16, 16, 64, 4),
      attention_case(1, 4096, 4096, 8, 40),
      attention_case(1, 4096, 77, 8, 40),
      attention_case(1, 1024, 1024, 8, 80),
      attention_case(1, 256, 256, 8, 160),
      attention_case(1, 77, 77, 12, 64),
      attention_case(16, 256, 256, 4, 16),
      attention_case(16, 64, 64, 4, 32),
      attention_case(16, 256, 24, 4, 16),
  };
}

BenchCase gradient_of(BenchCase c, const char* suffix, std::vector<size_t> wanted) {
  c.kernel += suffix;
  c.wanted = std::move(wanted);
  return c;
}

// Numbers in [-1, 1): sums stay finite in half precision.
Buffer numbers(Device& device, const Shape& shape, DType type, uint32_t seed) {
  std::vector<std::byte> bytes(static_cast<size_t>(shape.elements() * size_of(type)));
  for (int64_t i = 0; i < shape.elements(); i++) {
    seed = seed * 1664525 + 1013904223;
    const float value = static_cast<float>(seed >> 8) * 0x1p-23f - 1;
    const uint16_t half = half_from_float(value);
    if (type == DType::f32) std::memcpy(&bytes[static_cast<size_t>(i) * 4], &value, 4);
    if (type == DType::f16) std::memcpy(&bytes[static_cast<size_t>(i) * 2], &half, 2);
  }
  Buffer buffer(device, bytes.size(), Memory::device, "a measured tensor");
  device.upload(buffer, 0, bytes);
  return buffer;
}

}  // namespace

std::vector<BenchCase> bench_cases() {
  std::vector<BenchCase> cases = products();
  cases.push_back(attention_case(1, 4096, 4096, 1, 512));  // the VAE's, which nothing trains
  for (const BenchCase& c : products()) {
    if (c.kernel == "attention") {
      cases.push_back(gradient_of(c, ".dq", {0}));
      cases.push_back(gradient_of(c, ".dkv", {1, 2}));
    } else {
      cases.push_back(gradient_of(c, ".dx", {0}));
      cases.push_back(gradient_of(c, ".dw", {1}));
    }
  }
  const auto norm = [](In t) { return group_norm(t[0], t[1], t[2], 32, 1e-5f, true); };
  cases.push_back({"group_norm", "64x64x320", {{1, 64, 64, 320}, {320}, {320}}, norm});
  cases.push_back({"group_norm", "16x16x16x64", {{16, 16, 16, 64}, {64}, {64}}, norm});
  cases.push_back({"layer_norm", "4096x320", {{4096, 320}, {320}, {320}}, [](In t) {
                     return layer_norm(t[0], t[1], t[2], 1e-5f);
                   }});
  cases.push_back({"silu", "4096x320", {{4096, 320}}, [](In t) { return silu(t[0]); }});
  cases.push_back(
      {"add", "4096x320", {{4096, 320}, {4096, 320}}, [](In t) { return add(t[0], t[1]); }});
  cases.push_back({"geglu", "4096x2560", {{4096, 2560}}, [](In t) { return geglu(t[0]); }});
  return cases;
}

BenchLine measure_case(Device& device, const BenchCase& c, DType type, const PlanOptions& options,
                       int repeat) {
  Graph graph;
  std::vector<Buffer> buffers;
  std::vector<Tensor> tensors;
  const auto given = [&](const char* name, const Shape& shape, DType stored) {
    buffers.push_back(numbers(device, shape, stored, static_cast<uint32_t>(buffers.size())));
    return graph.parameter(name, {shape, stored}, buffers.back().address());
  };
  for (const Shape& shape : c.given) tensors.push_back(given("given", shape, type));
  const Tensor result = c.make(tensors);
  if (c.wanted.empty()) {
    graph.output("result", result);
  } else {
    std::vector<Tensor> wanted;
    for (const size_t i : c.wanted) wanted.push_back(tensors[i]);
    const Tensor dy = given("dy", result.shape(), DType::f32);
    for (const Tensor& gradient : gradients(result, dy, wanted))
      graph.output(fmt::format("gradient {}", gradient.id), gradient);
  }
  BenchLine line{.kernel = c.kernel, .shape = c.shape, .dtype = name_of(type)};
  const double begin = wall_seconds();
  Plan plan(device, graph, options);
  // A gradient needs the op's own result or sums of it: those nodes run, too, and do not count.
  const auto run = [&] {
    Sample sample;
    line.flop = line.bytes = 0;
    for (const NodeProfile& n : plan.profile()) {
      if (n.op != c.kernel) continue;
      sample.seconds += n.seconds, sample.cpu_seconds += n.cpu_seconds;
      line.flop += n.flop, line.bytes += n.bytes;
    }
    return sample;
  };
  run();
  line.first_seconds = wall_seconds() - begin;
  measure(line, repeat, run);
  return line;
}

}  // namespace lacuna
