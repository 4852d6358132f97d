// Weights: a path into a checkpoint, w["down_blocks"][0]["resnets"][1]["conv1"], whose parameters
// are asked of a source when a layer is made.
//
// Layers and their members are named as in diffusers' and transformers' checkpoints, so one name is
// at once the loader's path and the selector that papers use. A WeightStore (weight_store.h) loads
// what is asked for; WeightNames (weight_names.h) only notes it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph.h"
#include "models/layout.h"

namespace lacuna {

struct Parameter {
  std::string name;
  TensorType type;
  uint64_t address = 0;
  Layout layout = Layout::plain;
  std::vector<int64_t>
      shape;  // in the checkpoint; a 1x1 convolution loaded as linear has four axes

  explicit operator bool() const { return address != 0; }
  // The parameter as a tensor of a graph.
  Tensor in(Graph& graph) const { return graph.parameter(name, type, address); }
  Tensor in(const Tensor& beside) const { return in(*beside.graph); }
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // The parameter of that name. `shape` is what the model expects in the checkpoint's layout.
  virtual Parameter load(const std::string& name, std::span<const int64_t> shape,
                         Layout layout) = 0;
  // Whether there is a tensor of that name, or one whose name continues after it with a dot.
  virtual bool has(std::string_view path) const = 0;
};

class Weights {
 public:
  Weights(WeightSource& source, std::string path = {}) : source_(&source), path_(std::move(path)) {}

  Weights operator[](std::string_view name) const { return {*source_, join(name)}; }
  Weights operator[](int64_t index) const { return (*this)[std::to_string(index)]; }
  const std::string& path() const { return path_; }

  bool has(std::string_view name) const { return source_->has(join(name)); }
  // The first of several names that exists (checkpoints of different ages), else the first.
  Weights any_of(std::initializer_list<std::string_view> names) const;

  // [size], unchanged.
  Parameter vector(std::string_view name, int64_t size) const;
  // [rows, columns], unchanged: embedding tables.
  Parameter table(std::string_view name, int64_t rows, int64_t columns) const;
  // [out, in] or [out, in, 1, 1] -> [in, out].
  Parameter matrix(std::string_view name, int64_t in, int64_t out) const;
  // [out, in, k, k] -> [k, k, in, out].
  Parameter kernel(std::string_view name, int64_t in, int64_t out, int64_t k) const;

 private:
  std::string join(std::string_view name) const;
  WeightSource* source_;
  std::string path_;
};

}  // namespace lacuna
