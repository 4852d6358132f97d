// Recorder: how an op states its dispatches.
//
//   r.dispatch(kernels::softmax_forward, n.dtype(), {},
//              SoftmaxPush{.x = r.in(n, 0), .y = r.out(n), .cols = ...}, {rows});
//
// in(), out() and back() give the address *and* tell the planner that the next dispatch reads or
// writes the value, so accesses are never declared twice. An op is recorded twice: first to collect
// accesses (addresses are then 0), and, once the arena is placed, to fill in addresses.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "engine/arithmetic.h"
#include "engine/graph.h"
#include "engine/tuning.h"
#include "shaders/constants.h"
#include "shaders/kernel.h"

namespace lacuna {

// What ops may know about a device to choose a variant. Nothing but the class of arithmetic changes
// results between devices of the same variant.
struct DeviceTraits {
  Arithmetic arithmetic = Arithmetic::exact;
  bool cpu = false;            // a software driver: lanes are SIMD lanes, barriers cost much
  uint32_t subgroup_size = 0;  // of the driver's choice; for tuning only
  uint32_t max_shared_bytes = 16384;
  uint32_t max_workgroup_size = 128;
  bool storage16 = false;          // f16 buffers can be read and written
  const Tuning* tuning = nullptr;  // measured choices, if there are any; outlives every plan
};

// The storage types that a kernel reads and writes: activations, and weights if theirs differs.
struct KernelTypes {
  DType activations, weights;
  KernelTypes(DType both) : activations(both), weights(both) {}
  KernelTypes(DType of_activations, DType of_weights)
      : activations(of_activations), weights(of_weights) {}
  std::string name() const;  // as kernels are declared: "f32", "f16", "f32_f16"
};

struct Access {
  uint32_t value = 0;
  bool write = false;
};

struct Groups {
  uint32_t x = 1, y = 1, z = 1;
};

constexpr size_t max_push_bytes = 128;
constexpr size_t max_specializations = 12;

struct ConstantValue {
  Constant name{};
  uint32_t value = 0;
  auto operator<=>(const ConstantValue&) const = default;
};

// What the specialization constants of a kernel are, by name (shaders/constants.h). The recorder
// adds CPU_DRIVER itself.
class Specialization {
 public:
  Specialization() = default;
  Specialization(std::initializer_list<ConstantValue> list) { add(list); }
  // The same and these.
  Specialization with(std::initializer_list<ConstantValue> list) const {
    Specialization all = *this;
    all.add(list);
    return all;
  }
  std::span<const ConstantValue> values() const { return {values_.data(), count_}; }
  uint64_t names() const;  // one bit for each, as in KernelVariant::constants
  auto operator<=>(const Specialization&) const = default;

 private:
  void add(std::initializer_list<ConstantValue> list);

  std::array<ConstantValue, max_specializations> values_{};
  uint32_t count_ = 0;
};

struct Dispatch {
  const Kernel* kernel = nullptr;
  const KernelVariant* variant = nullptr;  // of the kernel
  Specialization specialization;
  std::array<std::byte, max_push_bytes> push{};
  uint32_t push_bytes = 0;
  Groups groups;
  std::vector<Access> accesses;
  uint32_t node = 0;  // index in the graph
};

class Recorder {
 public:
  using Resolve = std::function<uint64_t(uint32_t value)>;
  Recorder(const DeviceTraits& traits, Resolve resolve)
      : traits_(traits), resolve_(std::move(resolve)) {}

  const DeviceTraits& traits() const { return traits_; }

  uint64_t in(const Node& n, int i) { return touch(n.inputs[i].id, false); }
  uint64_t out(const Node& n, int i = 0) { return touch(n.outputs[i].id, true); }
  // Reads and writes an input in place: what an op with an effect does to parameters.
  uint64_t update(const Node& n, int i) { return touch(n.inputs[i].id, true); }
  // Reads what an earlier dispatch of the same node wrote.
  uint64_t back(const Node& n, int i) { return touch(n.outputs[i].id, false); }

  // One of the codes of a node's variants: what was measured to be the fastest, else the first.
  uint32_t choose(const Node& n, std::span<const uint32_t> codes) const {
    return traits_.tuning ? traits_.tuning->choose(n, traits_, codes) : codes.front();
  }

  // Throws if the kernel was not compiled for these types or reads a constant that is not given.
  template <typename Push>
  void dispatch(const Kernel& kernel, KernelTypes types, const Specialization& specialization,
                const Push& push, Groups groups) {
    static_assert(sizeof(Push) <= max_push_bytes && std::is_trivially_copyable_v<Push>);
    add(kernel, types, specialization, &push, sizeof(Push), groups);
  }

  // Group counts for `count` groups in one dimension, folded in two if x alone would exceed the
  // guaranteed 65,535. Kernels take gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x.
  static Groups fold(int64_t count);

  void set_node(uint32_t node) { node_ = node; }
  std::vector<Dispatch> take() { return std::move(dispatches_); }

 private:
  uint64_t touch(uint32_t value, bool write);
  void add(const Kernel&, KernelTypes, const Specialization&, const void* push, size_t bytes,
           Groups);

  const DeviceTraits& traits_;
  Resolve resolve_;
  std::vector<Access> pending_;
  std::vector<Dispatch> dispatches_;
  uint32_t node_ = 0;
};

}  // namespace lacuna
