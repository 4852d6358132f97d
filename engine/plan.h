// Plan: a compiled graph. Owns its input and output buffers and the recorded commands, and replays
// them as often as wanted; the graph may be gone by then, parameters' buffers may not.
//
// Intermediate results lie in an arena that the device lends to whichever plan runs, as large as
// the largest living plan needs. Inputs and results are safe from other plans: inputs wait in the
// plan's own memory until run(), which also brings the results to the host.
//
// What changes from run to run (latents, timesteps) is data in inputs, never a push constant, so
// the recorded commands stay valid.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/graph.h"
#include "engine/passes.h"

namespace lacuna {

// One line of --profile: a node's time, work and traffic.
struct NodeProfile {
  std::string op, scope, shape;
  double seconds = 0;      // wall time, or device time if the queue has timestamps
  double cpu_seconds = 0;  // of the whole process: what counts on a software driver
  double flop = 0, bytes = 0;
};

// One line of --trace: statistics of a node's first output.
struct NodeTrace {
  std::string op, scope, shape;
  double min = 0, max = 0, mean = 0;
  int64_t not_finite = 0;
};

class Arena;
// Scratch memory for plans that do not share the device's, in allocations of at most `block` bytes;
// 0: what the device allows. The device must outlive it.
std::shared_ptr<Arena> make_arena(Device& device, int64_t block = 0);

// The defaults are right for every program; tests use these to reach what their device would not.
struct PlanOptions {
  std::optional<DeviceTraits> traits;  // choose kernels as if the device had these
  std::shared_ptr<Arena> arena;        // null: the device's own
};

class Plan {
 public:
  // Throws DeviceError when the device lacks the memory.
  Plan(Device& device, const Graph& graph, const PlanOptions& options = {});
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // Copies data for the next run; the size must be the input's. Names are those given to
  // Graph::input.
  void set(const std::string& input, std::span<const float> data);
  void set(const std::string& input, std::span<const int32_t> data);
  // Whether every input has been set, so that run(), profile() and trace() may be called.
  bool ready() const;
  void run();
  // Result of the last run, as float whatever its storage type.
  std::vector<float> get(const std::string& output) const;
  // The same, as it is, in a buffer of its own on the device. Throws DeviceError when another plan
  // has run since: the arena then holds that one's.
  Buffer copy(const std::string& output) const;

  // Runs once, node by node, and measures or inspects each.
  std::vector<NodeProfile> profile();
  std::vector<NodeTrace> trace();

  const Placement& placement() const;
  std::span<const Dispatch> dispatches() const;
  size_t dispatch_count() const;
  size_t barrier_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lacuna
