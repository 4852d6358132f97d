// What a Plan is made of. Only engine/vulkan includes this.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/plan.h"
#include "engine/vulkan/arena.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {

struct Plan::Impl {
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
  std::shared_ptr<Arena> arena;
  bool joined = false;      // the arena knows what this plan needs
  uint64_t generation = 0;  // of the arena's addresses that are recorded
  Placement placement;
  Buffer inputs, outputs, staging, readback;
  std::unordered_map<std::string, Named> input_names, output_names;
  std::vector<Node> lowered;                          // copies of the nodes that are kept
  std::unordered_map<uint32_t, uint64_t> parameters;  // their addresses
  std::unordered_map<uint32_t, Home> homes;           // of all other values
  std::vector<Dispatch> dispatches;
  std::vector<bool> barrier_before;
  std::vector<NodeInfo> nodes;           // that are kept
  std::vector<size_t> node_of_dispatch;  // index into nodes
  std::vector<VkCommandBuffer> commands;
  std::array<VkFence, 2> fences{};  // of the pieces that are under way

  Impl(Device& d, const PlanOptions& options);
  ~Impl();
  void build(const Graph& graph);
  void place_inputs(const Graph& graph);
  void place_arena(const Graph& graph);
  void place_outputs(const Graph& graph);
  void find_barriers(const Graph& graph);
  void describe_nodes(const Graph& graph, std::span<const uint32_t> kept);
  uint64_t address(uint32_t value) const;
  // Lowers with the addresses that hold now, and records.
  void bind();
  // Takes the arena over for this plan: what another plan left in it is gone, and commands whose
  // addresses have moved are recorded again.
  void take_arena();
  // Where each command buffer ends in the dispatches.
  std::vector<size_t> piece_ends() const;
  void record();
  void forget_commands();
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
