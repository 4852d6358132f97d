// Program: one graph in several sizes, compiled at first use. To know beforehand that the plans fit
// on the device, ask for the same keys at the same place.
//
// The plans of the last few keys are kept, so that work which alternates between sizes compiles
// each once. All of them run in the device's one arena (engine/plan.h), so a plan that is kept
// costs little more than its inputs and outputs.
#pragma once

#include <functional>
#include <list>
#include <utility>

#include "engine/plan.h"

namespace lacuna {

template <typename Key>
class Program {
 public:
  using Trace = std::function<void(Graph&, const Key&)>;
  // The device, and what `trace` refers to, must outlive it.
  Program(Device& device, Trace trace) : device_(device), trace_(std::move(trace)) {}

  // Valid until plans of several other keys have been asked for.
  Plan& plan(const Key& key) {
    for (auto p = plans_.begin(); p != plans_.end(); ++p)
      if (p->first == key) {
        plans_.splice(plans_.begin(), plans_, p);
        return p->second;
      }
    if (plans_.size() == most_kept) plans_.pop_back();
    Graph graph;
    trace_(graph, key);
    plans_.emplace_front(key, Plan(device_, graph));
    return plans_.front().second;
  }
  // The plan that was asked for last; null when there is none.
  Plan* last() { return plans_.empty() ? nullptr : &plans_.front().second; }
  const Plan* last() const { return plans_.empty() ? nullptr : &plans_.front().second; }
  // Gives the memory of all plans back until they are needed again.
  void clear() { plans_.clear(); }

 private:
  static constexpr size_t most_kept = 3;

  Device& device_;
  Trace trace_;
  std::list<std::pair<Key, Plan>> plans_;  // the last used first
};

}  // namespace lacuna
