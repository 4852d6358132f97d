#include "cli/bench/tune_time.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "engine/plan.h"

namespace lacuna {

double seconds_of(Device& device, const TunableNode& node, const std::string& key, uint32_t code) {
  Tuning table;
  table.set(key, code);
  PlanOptions options{.traits = device.traits()};
  options.traits->tuning = &table;
  Graph graph;
  std::vector<Buffer> buffers;
  std::vector<Tensor> inputs;
  for (const TensorType& type : node.inputs) {
    const auto bytes = static_cast<uint64_t>(type.shape.elements() * size_of(type.dtype));
    buffers.emplace_back(device, bytes, Memory::device, "a measured tensor");
    // Zeros: no kernel takes another path for other numbers, and none is slowed by denormals.
    device.upload(buffers.back(), 0, std::vector<std::byte>(bytes));
    inputs.push_back(graph.parameter("input", type, buffers.back().address()));
  }
  graph.output("result", graph.node(*node.op, inputs, node.attributes));
  Plan plan(device, graph, options);
  plan.profile();  // drivers may compile at the first run
  constexpr int most = 10;
  constexpr double enough = 0.3;  // seconds
  double best = 0;
  const double begin = wall_seconds();
  for (int i = 0; i < most && (i < 2 || wall_seconds() - begin < enough); i++) {
    const NodeProfile p = plan.profile().front();
    const double seconds = device.traits().cpu ? p.cpu_seconds : p.seconds;
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace lacuna
