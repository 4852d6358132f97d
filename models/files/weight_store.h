// A checkpoint's weights on a device: converted, permuted (models/layout.h) and uploaded when a
// layer asks for them.
//
// Each parameter is kept in its storage type, which Parameter::type names. The store owns the
// device buffers and must outlive every plan that was compiled from its parameters. Missing
// tensors, wrong shapes and NaN are InputErrors that name file and tensor.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "engine/device.h"
#include "models/files/weights.h"

namespace lacuna {

// A weight that a model reads and that its file holds in another form: dequantised with a scale, or
// with a batch norm folded into it.
struct Derivation {
  std::vector<int64_t> shape;     // in the checkpoint's layout
  std::vector<std::string> from;  // tensors of the file, of any type
  // Gets their values in that order, and gives the weight's in the checkpoint's layout.
  std::function<std::vector<float>(std::span<const std::vector<float>>)> values;
};

// The type that a parameter is kept in (f32 or f16).
using StorageRule = std::function<DType(std::string_view name, Layout layout)>;

class WeightStore : public WeightSource {
 public:
  // Of an opened file; parameters are kept on `device` as `dtype` (f32 or f16), or as `storage`
  // says for each.
  WeightStore(Device& device, TensorFile file, DType dtype, StorageRule storage = {});

  // Without a file, on a device that only counts: every tensor that a model asks for is there, so
  // that a model's graphs can be made without its weights.
  WeightStore(Device& device, DType dtype);

  // From here on `name` stands for what is computed, whether the file has such a tensor or not.
  // Call it before a model asks for that weight.
  void derive(const std::string& name, Derivation derivation);

  // Uploaded at the first call.
  Parameter load(const std::string& name, std::span<const int64_t> shape, Layout layout) override;
  bool has(std::string_view path) const override;
  // What has been loaded so far, by name: after a model's constructor, all that the model reads.
  const std::map<std::string, Parameter>& loaded() const { return loaded_; }
  // A loaded parameter's values as the file has them, in the engine's layout.
  std::vector<float> values(const Parameter& parameter) const;
  const TensorFile& file() const { return file_; }
  // The type of all parameters that no rule says otherwise for: what a model computes in.
  DType dtype() const { return dtype_; }
  uint64_t device_bytes() const;
  // Puts other values of a parameter, in the engine's layout, into a buffer of its own at the end
  // of `buffers`, in the parameter's storage type, and gives its address.
  uint64_t upload_beside(std::vector<Buffer>& buffers, const Parameter& parameter,
                         std::span<const float> values) const;

 private:
  DType type_of(std::string_view name, Layout layout) const;
  // The shape in the checkpoint, of the file's tensor or the derived one. Throws InputError if
  // there is none or it is not `wanted`.
  std::vector<int64_t> stored_shape(const std::string& name, std::span<const int64_t> wanted,
                                    Layout layout) const;
  // The values in the checkpoint's layout.
  std::vector<float> stored(const std::string& name) const;
  // Gives a parameter room in the last block or a new one: afterwards it lies in blocks_.back().
  Parameter add(Parameter parameter);
  void write(const Parameter& parameter, std::span<const float> values, const Buffer& to,
             uint64_t offset) const;

  Device& device_;
  TensorFile file_;
  DType dtype_;
  StorageRule storage_;
  std::map<std::string, Derivation, std::less<>> derived_;
  uint64_t unplaced_bytes_ = 0;  // upper bound of what may still be asked for of the file
  std::vector<Buffer> blocks_;
  uint64_t block_used_ = 0;  // of the last block
  std::map<std::string, Parameter> loaded_;
};

}  // namespace lacuna
