// What a Plan is made of. Only engine/vulkan includes this.
#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/plan.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {

struct Plan::Impl {
  // Blocks of the arena are no larger, whatever the device offers; offsets stay far from overflow.
  static constexpr int64_t block_limit = int64_t{1} << 40;

  // Where a value lives: a range of one of our buffers.
  struct Home {
    const Buffer* buffer = nullptr;
    int64_t offset = 0;
  };
  struct Named {
    TensorType type;
    Home home;           // on the device
    int64_t staged = 0;  // offset in the staging buffer
    bool set = false;
  };
  struct NodeInfo {
    std::string op, scope, shape;
    double flop = 0, bytes = 0;
    Home result;
    TensorType type;
  };

  Device& device;
  DeviceTraits traits;
  int64_t arena_block;
  Placement placement;
  std::vector<Buffer> arena;
  Buffer inputs, outputs, staging, readback;
  std::unordered_map<std::string, Named> input_names, output_names;
  std::vector<Dispatch> dispatches;
  std::vector<bool> barrier_before;
  std::vector<NodeInfo> nodes;           // that are kept
  std::vector<size_t> node_of_dispatch;  // index into nodes
  std::vector<VkCommandBuffer> commands;
  std::array<VkFence, 2> fences{};  // of the pieces that are under way

  Impl(Device& d, const PlanOptions& options)
      : device(d),
        traits(options.traits.value_or(d.traits())),
        arena_block(static_cast<int64_t>(std::min<uint64_t>(d.max_allocation(), block_limit))) {
    if (options.arena_block > 0) arena_block = std::min(arena_block, options.arena_block);
    arena_block = std::max(arena_block / arena_alignment, int64_t{1}) * arena_alignment;
  }
  ~Impl();
  void build(const Graph& graph);
  void place_inputs(const Graph& graph, std::unordered_map<uint32_t, Home>& homes);
  void place_arena(const Graph& graph, std::unordered_map<uint32_t, Home>& homes);
  void place_outputs(const Graph& graph, const std::unordered_map<uint32_t, Home>& homes);
  void describe_nodes(const Graph& graph, std::span<const uint32_t> kept,
                      const std::unordered_map<uint32_t, Home>& homes);
  // Where each command buffer ends in the dispatches.
  std::vector<size_t> piece_ends() const;
  void record();
  void record_dispatch(VkCommandBuffer cb, size_t i);
  void copy_inputs(VkCommandBuffer cb);
  void copy_outputs(VkCommandBuffer cb);
  void barrier(VkCommandBuffer cb, VkPipelineStageFlags from, VkAccessFlags had,
               VkPipelineStageFlags to, VkAccessFlags wants);
  const Named& output(const std::string& name) const;
  void check_inputs() const;
  void set(const std::string& name, DType type, const void* data, size_t count);
  std::vector<float> read(const Home& home, TensorType type) const;
};

}  // namespace lacuna
