// Tuning: which variant of a kernel a device runs fastest, op by op and shape by shape, as measured
// by `lacuna tune`.
//
// An op that has alternatives describes each by a code that only it understands and asks
// Recorder::choose; the first code is what it takes on its own. Variants of one class of arithmetic
// differ in speed, never in the order of additions, so a table changes no bit of any result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/graph.h"

namespace lacuna {

struct DeviceTraits;

// A node with alternatives, seen while plans were compiled: enough to build and time it alone.
struct TunableNode {
  const Op* op = nullptr;
  std::vector<TensorType> inputs;
  Attributes attributes;
  std::vector<uint32_t> codes;
  double flop = 0;    // of one
  int64_t count = 0;  // nodes like it
};

class Tuning {
 public:
  // Op, types and shapes, such as "linear f32 4096x320 f32 320x320 -> 4096x320"; kernels for CPU
  // drivers and for GPUs, and those of another class of arithmetic than exact, have separate
  // entries.
  static std::string key_of(const Node& n, const DeviceTraits& traits);

  // The table's code if it is one of `codes` (a table may be older than the program), else the
  // first.
  uint32_t choose(const Node& n, const DeviceTraits& traits, std::span<const uint32_t> codes) const;
  void set(const std::string& key, uint32_t code) { codes_[key] = code; }
  size_t size() const { return codes_.size(); }

  // A table that is missing or damaged is as good as an empty one.
  static Tuning load(const std::filesystem::path& file);
  // Replaces the file as a whole. Throws InputError if it cannot be written.
  void save(const std::filesystem::path& file) const;

  // From now on choose() also notes here what it was asked; null: no longer.
  using Seen = std::map<std::string, TunableNode>;
  void watch(Seen* seen) { seen_ = seen; }

 private:
  std::map<std::string, uint32_t> codes_;
  Seen* seen_ = nullptr;
};

}  // namespace lacuna
