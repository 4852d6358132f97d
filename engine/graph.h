// Graph: what to compute, as nodes in the order in which they were written.
//
// A Tensor is a copyable handle (graph and value id) that owns nothing and stays valid as long as
// its graph. Tracing a model fills a graph once; plan.h compiles it to dispatches that are
// replayed. A node may have more than one output: the first is its result, the others are what its
// gradient needs (attention's log-sum-exp) or scratch of its own kernels; what nobody reads costs
// memory only while the node runs.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/shape.h"

namespace lacuna {

class Graph;
class Recorder;
struct Node;

struct TensorType {
  Shape shape;
  DType dtype = DType::f32;
};

struct Tensor {
  Graph* graph = nullptr;
  uint32_t id = 0;
  TensorType type;

  explicit operator bool() const { return graph != nullptr; }
  const Shape& shape() const { return type.shape; }
  DType dtype() const { return type.dtype; }
  // The same elements seen with another shape: costs no node. Throws when the counts differ.
  Tensor reshape(Shape shape) const;
};

// What an op's backward function is asked for and gives, one entry per input: whether the input
// needs a gradient, and that gradient (f32, shaped like the input), empty if none is needed.
using Wanted = std::vector<bool>;
using Gradients = std::vector<Tensor>;

// An op is one constant with up to four functions and lives in engine/ops/<stem>.cpp.
struct Op {
  const char* name;
  // The shape rule: types of all outputs. Throws InputError("[name] expects ...").
  std::vector<TensorType> (*outputs)(const Node&);
  // States kernels, push blocks and group counts; must be a pure function of the node and the
  // device.
  void (*record)(const Node&, Recorder&);
  // Floating-point operations of one evaluation, for --profile and bench; null if only bytes
  // matter.
  double (*flop)(const Node&) = nullptr;
  // Appends nodes that turn dy, the gradient of the first output, into those of the wanted inputs.
  // All gradients are f32, whatever the storage type of activations and weights. By naming an input
  // or output of `n` it decides what stays in memory. Null: the op cannot be differentiated.
  Gradients (*backward)(const Node& n, Tensor dy, const Wanted& wanted) = nullptr;
  // Writes parameters in place (Recorder::update), so that it is never pruned.
  bool effect = false;
  // The result counts as a constant: no gradient goes through.
  bool constant = false;
};

// Plain data that an op needs besides tensors (stride, groups, eps), at most 48 bytes.
class Attributes {
 public:
  Attributes() = default;
  template <typename T>
  Attributes(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(bytes_));
    std::memcpy(bytes_, &value, sizeof(T));
  }
  template <typename T>
  T as() const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(bytes_));
    T value;
    std::memcpy(&value, bytes_, sizeof(T));
    return value;
  }

 private:
  alignas(8) std::byte bytes_[48] = {};
};

struct Node {
  const Op* op = nullptr;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  Attributes attributes;
  std::string scope;  // where in the model, such as "down_blocks.0.resnets.1"

  const Shape& in(int i) const { return inputs[i].shape(); }
  const Shape& out(int i = 0) const { return outputs[i].shape(); }
  DType dtype() const { return outputs[0].dtype(); }
  template <typename T>
  T as() const {
    return attributes.as<T>();
  }
};

// What Graph::node returns: all outputs, and, as a Tensor, the first one (an empty tensor if there
// is none).
class Outputs {
 public:
  explicit Outputs(std::vector<Tensor> tensors) : tensors_(std::move(tensors)) {}
  operator Tensor() const { return tensors_.empty() ? Tensor{} : tensors_.front(); }
  const Tensor& operator[](size_t i) const { return tensors_.at(i); }
  auto begin() const { return tensors_.begin(); }
  auto end() const { return tensors_.end(); }

 private:
  std::vector<Tensor> tensors_;
};

enum class Storage : uint8_t {
  arena,      // computed by a node; the plan places it
  input,      // written by the host before each run
  parameter,  // lives in a buffer of its own (weights); the address is known
};

struct Value {
  TensorType type;
  Storage storage = Storage::arena;
  uint64_t address = 0;  // of a parameter
  std::string name;      // of an input or a parameter
  int64_t bytes() const { return type.shape.elements() * size_of(type.dtype); }
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // A tensor that the host fills before every run, by name.
  Tensor input(std::string name, Shape shape, DType dtype = DType::f32);
  // A tensor that lives at a device address of somebody else's buffer, which must outlive every
  // plan. The same address gives the same tensor, however often a model asks.
  Tensor parameter(std::string name, TensorType type, uint64_t address);
  // The same, past any replacement: what an edit starts from.
  Tensor frozen(std::string name, TensorType type, uint64_t address);
  // From now on parameter(..., address) gives what `make` makes, once, when first asked: how an
  // edited model shares every frozen byte with the original. The tensor must have the parameter's
  // shape and type. An empty function ends it.
  void replace(uint64_t address, std::function<Tensor(Graph&)> make);
  // Makes a tensor readable by the host after every run, by name.
  void output(std::string name, Tensor tensor);
  // Appends a node and returns its outputs; shapes are checked by the op.
  Outputs node(const Op& op, std::vector<Tensor> inputs, Attributes attributes = {});

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& values() const { return values_; }
  const std::vector<std::pair<std::string, Tensor>>& outputs() const { return outputs_; }

  // Nodes [begin, end) whose results the backward side computes again instead of keeping them
  // (Chen et al. 2016); made by checkpoint() in gradients.h.
  struct Region {
    size_t begin = 0, end = 0;
  };
  const std::vector<Region>& regions() const { return regions_; }
  void add_region(Region region) { regions_.push_back(region); }
  // Whether checkpoint() does anything: a choice of who builds the graph, not of the model.
  bool recompute = false;

  // Names the nodes made while it lives: Scope scope(graph, "mid_block").
  class Scope {
   public:
    Scope(Graph& graph, std::string_view name);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Graph& graph_;
    size_t length_;
  };

 private:
  Tensor add_value(Value value);

  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<std::pair<std::string, Tensor>> outputs_;
  // By address; those past a replacement are kept apart.
  std::unordered_map<uint64_t, Tensor> parameters_, frozen_;
  std::unordered_map<uint64_t, std::function<Tensor(Graph&)>> replacements_;  // by address
  std::vector<Region> regions_;
  std::string scope_;
};

}  // namespace lacuna
