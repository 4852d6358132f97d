// Weights: a path into a checkpoint, w["down_blocks"][0]["resnets"][1]["conv1"], whose parameters
// are converted, permuted (layout.h) and uploaded when a layer asks for them.
//
// Layers and their members are named as in diffusers' and transformers' checkpoints, so one name is
// at once the loader's path and the selector that papers use. The WeightStore owns the device
// buffers and must outlive every plan that was compiled from its parameters. Missing tensors, wrong
// shapes and NaN are InputErrors that name file and tensor.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/safetensors.h"
#include "engine/device.h"
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

class WeightStore {
 public:
  // Of an opened file; parameters are kept on `device` as `dtype` (f32 or f16).
  WeightStore(Device& device, SafeTensors file, DType dtype);

  // Without a file, on a device that only counts: every tensor that a model asks for is there, so
  // that graphs of a model can be made where its weights are not.
  WeightStore(Device& device, DType dtype);

  // The parameter of that name, uploaded at the first call. `shape` is what the model expects in
  // the checkpoint's layout.
  Parameter load(const std::string& name, std::span<const int64_t> shape, Layout layout);
  bool has(std::string_view name) const { return file_.find(name) != nullptr; }
  // What has been loaded so far, by name: after a model's constructor, all that the model reads.
  const std::map<std::string, Parameter>& loaded() const { return loaded_; }
  // A loaded parameter's values as the file has them, in the engine's layout.
  std::vector<float> values(const Parameter& parameter) const;
  const SafeTensors& file() const { return file_; }
  DType dtype() const { return dtype_; }
  uint64_t device_bytes() const;
  // Puts other values of a parameter, in the engine's layout and this store's type, into a buffer
  // of its own at the end of `buffers`, and gives its address.
  uint64_t upload_beside(std::vector<Buffer>& buffers, const std::string& name,
                         std::span<const float> values) const;

 private:
  // Gives a parameter room in the last block or a new one: afterwards it lies in blocks_.back().
  Parameter add(Parameter parameter);
  void write(const std::string& name, std::span<const float> values, const Buffer& to,
             uint64_t offset) const;

  Device& device_;
  SafeTensors file_;
  DType dtype_;
  uint64_t unplaced_bytes_ = 0;  // upper bound of what may still be asked for
  std::vector<Buffer> blocks_;
  uint64_t block_used_ = 0;  // of the last block
  std::map<std::string, Parameter> loaded_;
};

class Weights {
 public:
  Weights(WeightStore& store, std::string path = {}) : store_(&store), path_(std::move(path)) {}

  Weights operator[](std::string_view name) const;
  Weights operator[](int64_t index) const { return (*this)[std::to_string(index)]; }
  const std::string& path() const { return path_; }

  bool has(std::string_view name) const;
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
  WeightStore* store_;
  std::string path_;
};

}  // namespace lacuna
