// --profile and --trace: a plan run node by node, with a look at each.
#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "engine/vulkan/plan_impl.h"

namespace lacuna {

std::vector<NodeProfile> Plan::profile() {
  impl_->check_inputs();
  impl_->take_arena();
  Device::Impl& d = impl_->device.impl();
  std::vector<NodeProfile> lines;
  for (const Impl::NodeInfo& n : impl_->nodes)
    lines.push_back({n.op, n.scope, n.shape, 0, 0, n.flop, n.bytes});
  d.run_once([&](VkCommandBuffer cb) { impl_->copy_inputs(cb); });
  VkQueryPool queries = VK_NULL_HANDLE;
  const bool stamps = d.timestamp_ns > 0 && !d.traits.cpu;
  if (stamps) {
    VkQueryPoolCreateInfo info{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = 2;
    VK_CHECK(d.vk.vkCreateQueryPool(d.device, &info, nullptr, &queries));
  }
  for (size_t i = 0; i < impl_->dispatches.size(); i++) {
    const double wall = wall_seconds(), cpu = cpu_seconds();
    d.run_once([&](VkCommandBuffer cb) {
      if (stamps) d.vk.vkCmdResetQueryPool(cb, queries, 0, 2);
      if (stamps) d.vk.vkCmdWriteTimestamp(cb, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, queries, 0);
      impl_->record_dispatch(cb, i);
      if (stamps) d.vk.vkCmdWriteTimestamp(cb, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries, 1);
    });
    NodeProfile& line = lines[impl_->node_of_dispatch[i]];
    uint64_t ticks[2] = {};
    if (stamps)
      VK_CHECK(d.vk.vkGetQueryPoolResults(d.device, queries, 0, 2, sizeof(ticks), ticks, 8,
                                          VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    line.seconds += stamps ? static_cast<double>(ticks[1] - ticks[0]) * d.timestamp_ns * 1e-9
                           : wall_seconds() - wall;
    line.cpu_seconds += cpu_seconds() - cpu;
  }
  if (queries) d.vk.vkDestroyQueryPool(d.device, queries, nullptr);
  return lines;
}

std::vector<NodeTrace> Plan::trace() {
  impl_->check_inputs();
  impl_->take_arena();
  Device::Impl& d = impl_->device.impl();
  d.run_once([&](VkCommandBuffer cb) { impl_->copy_inputs(cb); });
  std::vector<NodeTrace> lines;
  for (size_t i = 0; i < impl_->dispatches.size(); i++) {
    d.run_once([&](VkCommandBuffer cb) { impl_->record_dispatch(cb, i); });
    const size_t node = impl_->node_of_dispatch[i];
    if (i + 1 < impl_->dispatches.size() && impl_->node_of_dispatch[i + 1] == node) continue;
    const Impl::NodeInfo& n = impl_->nodes[node];
    if (!n.result.buffer) continue;
    NodeTrace line{n.op, n.scope, n.shape, INFINITY, -INFINITY, 0, 0};
    const std::vector<float> values = impl_->read(n.result, n.type);
    for (float v : values) {
      if (!std::isfinite(v)) {
        line.not_finite++;
        continue;
      }
      line.min = std::min<double>(line.min, v);
      line.max = std::max<double>(line.max, v);
      line.mean += v;
    }
    line.mean /= std::max<double>(
        1, static_cast<double>(values.size()) - static_cast<double>(line.not_finite));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace lacuna
