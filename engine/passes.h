// The passes that turn a graph into a plan: pure functions, tested on hand-made graphs without a
// device.
//
//   prune -> (insertion order) -> lower -> lifetimes -> place -> barriers -> record (plan.cpp)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/align.h"
#include "engine/graph.h"
#include "engine/recorder.h"

namespace lacuna {

// Indices of the nodes that some output needs, in insertion order (so that logs match the source).
std::vector<uint32_t> prune(const Graph& graph);

// The dispatches of those nodes with their accesses. `resolve` gives a value's device address; the
// first lowering passes zeros and the second, after place(), the real ones.
std::vector<Dispatch> lower(const Graph& graph, std::span<const uint32_t> nodes,
                            const DeviceTraits& traits, const Recorder::Resolve& resolve);
// The same of copies of these nodes, in their order, when the graph is gone.
std::vector<Dispatch> lower(std::span<const Node> nodes, const DeviceTraits& traits,
                            const Recorder::Resolve& resolve);

// When an arena value is alive: from its first to its last dispatch, both included. Graph outputs
// live to the end. Values that no dispatch touches have first > last.
struct Lifetime {
  uint32_t value = 0;
  int64_t bytes = 0;
  uint32_t first = 1, last = 0;
};
std::vector<Lifetime> lifetimes(const Graph& graph, std::span<const Dispatch> dispatches);

// Offsets in the arena, one per lifetime: largest first, at the lowest gap that is free for its
// whole life. No value crosses a multiple of `block` bytes, so that the arena may consist of
// several allocations.
struct Placement {
  std::vector<int64_t> offsets;
  int64_t arena_bytes = 0;      // the end of the highest value
  int64_t live_peak_bytes = 0;  // the most that is alive at one dispatch: no plan can need less
  int64_t tensor_bytes = 0;     // sum of all values
};
constexpr int64_t arena_alignment = 256;
constexpr int64_t aligned(int64_t bytes) { return align_up(bytes, arena_alignment); }
Placement place(std::span<const Lifetime> lifetimes, int64_t block);

// A dispatch's accesses as byte ranges of device memory.
struct Range {
  uint64_t begin = 0, end = 0;
  bool write = false;
};
// True at i where a barrier must stand before dispatch i: one of its ranges overlaps a range that
// was touched since the last barrier, and one of the two is written.
std::vector<bool> barriers(std::span<const std::vector<Range>> ranges);

}  // namespace lacuna
