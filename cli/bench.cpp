// Each line is one op at one shape of Stable Diffusion 1.x (512 x 512 pixels) or of the embedded
// model. An op is run alone, several times; the best time counts. The CPU time of the process is
// the honest measure of a software driver on a machine that does other work too.
#include "cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/common.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "engine/gradients.h"
#include "engine/half.h"
#include "engine/ops.h"
#include "engine/plan.h"

namespace lacuna {
namespace {

struct Options {
  ModelOptions device;
  std::string filter, precision = "both", variant = "auto";
  int repeat = 5;
  bool json = false, kernels = false;
};

// An op at one shape. The shapes of `make`'s tensors are `given`.
struct Case {
  std::string kernel, shape;
  std::vector<Shape> given;
  std::function<Tensor(const std::vector<Tensor>&)> make;
  int gradient = -1;  // measure the gradient of that tensor instead of the op itself
};

struct Result {
  double seconds = 0, cpu_seconds = 0, first_seconds = 0;  // best run; the first, with compilation
  double flop = 0, bytes = 0;
};

using In = const std::vector<Tensor>&;

std::string batched(int64_t batch, const std::string& shape) {
  return batch == 1 ? shape : fmt::format("{}x{}", batch, shape);
}

Case linear_case(int64_t m, int64_t n, int64_t k) {
  return {"linear", fmt::format("{}x{}x{}", m, n, k), {{m, k}, {k, n}, {n}}, [](In t) {
            return linear(t[0], t[1], t[2]);
          }};
}

Case conv2d_case(int64_t batch, int64_t side, int64_t in, int64_t out) {
  return {"conv2d",
          batched(batch, fmt::format("{}x{}x{}x{}", side, side, in, out)),
          {{batch, side, side, in}, {3, 3, in, out}, {out}},
          [](In t) { return conv2d(t[0], t[1], t[2]); }};
}

Case attention_case(int64_t batch, int64_t queries, int64_t keys, int heads, int64_t head) {
  const Shape q{batch, queries, heads * head}, k{batch, keys, heads * head};
  return {"attention",
          batched(batch, fmt::format("{}x{}x{}x{}", queries, keys, heads, head)),
          {q, k, k},
          [=](In t) { return attention(t[0], t[1], t[2], heads); }};
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = {
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
      attention_case(1, 4096, 4096, 1, 512),
      attention_case(16, 256, 256, 4, 16),
      attention_case(16, 64, 64, 4, 32),
      attention_case(16, 256, 24, 4, 16),
  };
  const auto norm = [](In t) { return group_norm(t[0], t[1], t[2], 32, 1e-5f, true); };
  // The gradients of the products with respect to x and to the weight.
  const std::vector<Case> products = cases;
  for (const Case& c : products)
    for (int i = 0; i < 2 && c.kernel != "attention"; i++) {
      cases.push_back(c);
      cases.back().kernel += i == 0 ? ".dx" : ".dw";
      cases.back().gradient = i;
    }
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

Result measure(Device& device, const Case& c, DType type, const PlanOptions& options, int repeat) {
  Graph graph;
  std::vector<Buffer> buffers;
  std::vector<Tensor> tensors;
  for (const Shape& shape : c.given) {
    buffers.push_back(numbers(device, shape, type, static_cast<uint32_t>(buffers.size())));
    tensors.push_back(graph.parameter("given", {shape, type}, buffers.back().address()));
  }
  Tensor result_tensor = c.make(tensors);
  if (c.gradient >= 0) {
    buffers.push_back(numbers(device, result_tensor.shape(), DType::f32, 99));
    const Tensor dy =
        graph.parameter("dy", {result_tensor.shape(), DType::f32}, buffers.back().address());
    result_tensor = gradients(result_tensor, dy, {&tensors[c.gradient], 1}).front();
  }
  graph.output("result", result_tensor);
  const double start = wall_seconds();
  Plan plan(device, graph, options);
  plan.profile();
  Result result;
  result.first_seconds = wall_seconds() - start;
  double total = 0;
  for (int i = 0; i < repeat && (i < 2 || total < 3); i++) {
    const NodeProfile n = plan.profile().front();
    total += n.seconds;
    if (i > 0 && n.cpu_seconds >= result.cpu_seconds) continue;
    result.seconds = i == 0 ? n.seconds : std::min(result.seconds, n.seconds);
    result.cpu_seconds = n.cpu_seconds;
    result.flop = n.flop;
    result.bytes = n.bytes;
  }
  return result;
}

void print_text(const Case& c, DType type, const Result& r) {
  const auto rate = [](double amount, double seconds) {
    return amount > 0 ? fmt::format("{:.2f}", amount / seconds * 1e-9) : std::string("-");
  };
  fmt::print("{:<10} {:<17} {:<4} {:>9.3f} {:>8} {:>7} {:>8} {:>7}\n", c.kernel, c.shape,
             name_of(type), r.seconds * 1e3, rate(r.flop, r.seconds), rate(r.bytes, r.seconds),
             rate(r.flop, r.cpu_seconds), rate(r.bytes, r.cpu_seconds));
}

void print_json(const Case& c, DType type, const Result& r) {
  fmt::print("{}\n", nlohmann::json{{"kernel", c.kernel},
                                    {"shape", c.shape},
                                    {"dtype", name_of(type)},
                                    {"seconds", r.seconds},
                                    {"cpu_seconds", r.cpu_seconds},
                                    {"first_seconds", r.first_seconds},
                                    {"gflop_per_second", r.flop / r.seconds * 1e-9},
                                    {"gflop_per_cpu_second", r.flop / r.cpu_seconds * 1e-9},
                                    {"gb_per_second", r.bytes / r.seconds * 1e-9},
                                    {"gb_per_cpu_second", r.bytes / r.cpu_seconds * 1e-9}}
                         .dump());
}

void bench(const Options& o) {
  const std::unique_ptr<Device> device = o.device.open_device();
  PlanOptions options{.traits = device->traits()};
  if (o.variant != "auto") options.traits->cpu = o.variant == "cpu";
  if (!o.json)
    fmt::print(
        "{}\n{:50}per second        per CPU second\n{:<10} {:<17} {:<4} {:>9} {:>8} {:>7} {:>8} "
        "{:>7}\n",
        device->info().name, "", "kernel", "shape", "type", "ms", "GFLOP", "GB", "GFLOP", "GB");
  bool found = false;
  for (const Case& c : all_cases()) {
    if ((c.kernel + " " + c.shape).find(o.filter) == std::string::npos) continue;
    for (const DType type : {DType::f32, DType::f16}) {
      if (o.precision != "both" && o.precision != name_of(type)) continue;
      if (type == DType::f16 && !device->traits().storage16) continue;
      const Result r = measure(*device, c, type, options, o.repeat);
      found = true;
      o.json ? print_json(c, type, r) : print_text(c, type, r);
      std::fflush(stdout);
    }
  }
  if (!found)
    throw InputError("[bench] nothing matches --filter '{}' on '{}'", o.filter,
                     device->info().name);
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure how fast the kernels run");
  auto o = std::make_shared<Options>();
  o->device.add_to(*command, false);
  command->add_flag("--kernels", o->kernels, "Single kernels (the default)");
  command
      ->add_option("--filter", o->filter,
                   "Only lines with this text in kernel and shape, such as 'linear 1024'")
      ->type_name("TEXT");
  command->add_option("--precision", o->precision, "Storage of all tensors: f32, f16 or both")
      ->check(CLI::IsMember({"f32", "f16", "both"}).description(""))
      ->type_name("f32|f16|both");
  command
      ->add_option("--variant", o->variant,
                   "Kernels for GPUs or for CPU drivers (default: what the device is)")
      ->check(CLI::IsMember({"auto", "gpu", "cpu"}).description(""))
      ->type_name("auto|gpu|cpu");
  command->add_option("--repeat", o->repeat, "Runs of which the best counts (default: 5)")
      ->check(CLI::Validator(CLI::PositiveNumber).description(""))
      ->type_name("N");
  command->add_flag("--json", o->json, "One JSON object a line");
  command->callback([o] { bench(*o); });
}

}  // namespace lacuna
