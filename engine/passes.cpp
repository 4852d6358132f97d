#include "engine/passes.h"

#include <algorithm>
#include <numeric>

namespace lacuna {

std::vector<uint32_t> prune(const Graph& graph) {
  const auto& nodes = graph.nodes();
  std::vector<bool> wanted(graph.values().size(), false);
  for (const auto& [name, tensor] : graph.outputs()) wanted[tensor.id] = true;
  std::vector<uint32_t> kept;
  for (size_t i = nodes.size(); i-- > 0;) {
    const bool needed =
        nodes[i].op->effect || std::any_of(nodes[i].outputs.begin(), nodes[i].outputs.end(),
                                           [&](const Tensor& t) { return wanted[t.id]; });
    if (!needed) continue;
    for (const Tensor& input : nodes[i].inputs) wanted[input.id] = true;
    kept.push_back(static_cast<uint32_t>(i));
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::vector<Dispatch> lower(const Graph& graph, std::span<const uint32_t> nodes,
                            const DeviceTraits& traits, const Recorder::Resolve& resolve) {
  Recorder recorder(traits, resolve);
  for (uint32_t node : nodes) {
    recorder.set_node(node);
    graph.nodes()[node].op->record(graph.nodes()[node], recorder);
  }
  return recorder.take();
}

std::vector<Dispatch> lower(std::span<const Node> nodes, const DeviceTraits& traits,
                            const Recorder::Resolve& resolve) {
  Recorder recorder(traits, resolve);
  for (uint32_t i = 0; i < nodes.size(); i++) {
    recorder.set_node(i);
    nodes[i].op->record(nodes[i], recorder);
  }
  return recorder.take();
}

std::vector<Lifetime> lifetimes(const Graph& graph, std::span<const Dispatch> dispatches) {
  std::vector<Lifetime> all(graph.values().size());
  for (uint32_t i = 0; i < dispatches.size(); i++)
    for (const Access& access : dispatches[i].accesses) {
      Lifetime& life = all[access.value];
      if (life.first > life.last) life.first = i;
      life.last = i;
    }
  for (const auto& [name, tensor] : graph.outputs())
    if (!dispatches.empty() && all[tensor.id].first <= all[tensor.id].last)
      all[tensor.id].last = static_cast<uint32_t>(dispatches.size() - 1);
  std::vector<Lifetime> arena;
  for (uint32_t id = 0; id < all.size(); id++) {
    if (graph.values()[id].storage != Storage::arena || all[id].first > all[id].last) continue;
    all[id].value = id;
    all[id].bytes = graph.values()[id].bytes();
    arena.push_back(all[id]);
  }
  return arena;
}

namespace {

// The lowest offset where `bytes` fit between taken intervals (sorted by begin) inside one block.
int64_t lowest_gap(const std::vector<std::pair<int64_t, int64_t>>& taken, int64_t bytes,
                   int64_t block) {
  const auto into_block = [&](int64_t at) {
    return at / block == (at + bytes - 1) / block ? at : (at / block + 1) * block;
  };
  int64_t at = 0;
  for (const auto& [begin, end] : taken) {
    if (at + bytes <= begin) return at;
    if (end > at) at = into_block(end);
  }
  return at;
}

int64_t live_peak(std::span<const Lifetime> lives) {
  std::vector<std::pair<int64_t, int64_t>> events;  // (time, change), releases before acquisitions
  for (const Lifetime& life : lives) {
    events.emplace_back(int64_t{life.first} * 2, aligned(life.bytes));
    events.emplace_back(int64_t{life.last} * 2 + 1, -aligned(life.bytes));
  }
  std::sort(events.begin(), events.end());
  int64_t now = 0, peak = 0;
  for (const auto& [time, change] : events) peak = std::max(peak, now += change);
  return peak;
}

}  // namespace

Placement place(std::span<const Lifetime> lives, int64_t block) {
  std::vector<uint32_t> order(lives.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return lives[a].bytes > lives[b].bytes; });
  Placement placement;
  placement.offsets.assign(lives.size(), 0);
  placement.live_peak_bytes = live_peak(lives);
  std::vector<uint32_t> placed;
  for (uint32_t i : order) {
    std::vector<std::pair<int64_t, int64_t>> taken;
    for (uint32_t other : placed)
      if (lives[other].first <= lives[i].last && lives[i].first <= lives[other].last)
        taken.emplace_back(placement.offsets[other],
                           placement.offsets[other] + aligned(lives[other].bytes));
    std::sort(taken.begin(), taken.end());
    const int64_t bytes = aligned(lives[i].bytes);
    placement.offsets[i] = lowest_gap(taken, bytes, block);
    placement.arena_bytes = std::max(placement.arena_bytes, placement.offsets[i] + bytes);
    placement.tensor_bytes += bytes;
    placed.push_back(i);
  }
  return placement;
}

std::vector<bool> barriers(std::span<const std::vector<Range>> ranges) {
  std::vector<bool> before(ranges.size(), false);
  std::vector<Range> touched;
  for (size_t i = 0; i < ranges.size(); i++) {
    const auto hazard = [&](const Range& r) {
      return std::any_of(touched.begin(), touched.end(), [&](const Range& t) {
        return (r.write || t.write) && r.begin < t.end && t.begin < r.end;
      });
    };
    if (std::any_of(ranges[i].begin(), ranges[i].end(), hazard)) {
      before[i] = true;
      touched.clear();
    }
    touched.insert(touched.end(), ranges[i].begin(), ranges[i].end());
  }
  return before;
}

}  // namespace lacuna
