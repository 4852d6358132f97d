#include "models/files/weight_store.h"

#include <algorithm>
#include <cmath>

#include "base/align.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tensors/half.h"

namespace lacuna {
namespace {

constexpr uint64_t alignment = 256;
// Weights are spread over blocks, so that no device needs one allocation for a whole model.
constexpr uint64_t block_bytes = uint64_t{256} << 20;

uint64_t aligned(uint64_t bytes) { return align_up(bytes, alignment); }

std::string shape_text(std::span<const int64_t> shape) {
  std::string text;
  for (int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "a scalar" : text;
}

std::vector<int64_t> engine_shape(Layout layout, std::span<const int64_t> shape) {
  if (layout == Layout::linear) return {shape[1], shape[0]};
  if (layout == Layout::conv2d) return {shape[2], shape[3], shape[1], shape[0]};
  return {shape.begin(), shape.end()};
}

bool has_path(const auto& entries, std::string_view path) {
  if (entries.contains(path)) return true;
  const std::string below = std::string(path) + ".";
  const auto next = entries.lower_bound(below);
  return next != entries.end() && next->first.starts_with(below);
}

}  // namespace

WeightStore::WeightStore(Device& device, TensorFile file, DType dtype, StorageRule storage)
    : device_(device), file_(std::move(file)), dtype_(dtype), storage_(std::move(storage)) {
  const DType widest = storage_ ? DType::f32 : type_of({}, Layout::plain);
  for (const auto& [name, entry] : file_.entries())
    unplaced_bytes_ += aligned(entry.count() * static_cast<uint64_t>(size_of(widest)));
}

WeightStore::WeightStore(Device& device, DType dtype) : device_(device), dtype_(dtype) {
  if (!device.count_only())
    throw InputError("[weights] a model without a file needs a device that only counts");
}

void WeightStore::derive(const std::string& name, Derivation derivation) {
  derived_[name] = std::move(derivation);
}

DType WeightStore::type_of(std::string_view name, Layout layout) const {
  const DType type = storage_ ? storage_(name, layout) : dtype_;
  if (type == DType::f16 && !device_.traits().storage16)
    throw DeviceError("[weights] '{}' cannot store 16-bit floats; use --precision f32",
                      device_.info().name);
  return type;
}

Parameter WeightStore::load(const std::string& name, std::span<const int64_t> shape,
                            Layout layout) {
  if (const auto found = loaded_.find(name); found != loaded_.end()) return found->second;
  const bool no_file = file_.path().empty();
  std::vector<int64_t> in_file =
      no_file ? std::vector(shape.begin(), shape.end()) : stored_shape(name, shape, layout);
  const TensorType type = {Shape(engine_shape(layout, shape)), type_of(name, layout)};
  if (no_file) return add({name, type, 0, layout, std::move(in_file)});
  std::vector<float> values(static_cast<size_t>(type.shape.elements()));
  // Gigabytes need not be read to know how much room they take.
  if (!device_.count_only()) {
    const std::vector<float> original = stored(name);
    for (float v : original)
      if (!std::isfinite(v))
        throw InputError(
            "[weights] {}: tensor '{}' contains {}; the checkpoint is damaged, get it again",
            display(file_.path()), name, std::isnan(v) ? "NaN" : "infinity");
    to_engine_layout(layout, shape, original, values);
  }
  const Parameter parameter = add({name, type, 0, layout, std::move(in_file)});
  const Buffer& block = blocks_.back();
  write(parameter, values, block, parameter.address - block.address());
  return parameter;
}

std::vector<int64_t> WeightStore::stored_shape(const std::string& name,
                                               std::span<const int64_t> wanted,
                                               Layout layout) const {
  const auto derived = derived_.find(name);
  const TensorFile::Entry* entry = file_.find(name);
  const std::string path = display(file_.path());
  if (derived == derived_.end() && !entry)
    throw InputError(
        "[weights] {} has no tensor '{}' ({} expected); its config.json belongs to another model "
        "or the file is incomplete",
        path, name, shape_text(wanted));
  const std::vector<int64_t>& shape =
      derived == derived_.end() ? entry->shape : derived->second.shape;
  const bool equal = std::equal(wanted.begin(), wanted.end(), shape.begin(), shape.end());
  // A 1x1 convolution holds the matrix of a linear layer.
  const bool point = layout == Layout::linear && shape.size() == 4 && shape[0] == wanted[0] &&
                     shape[1] == wanted[1] && shape[2] == 1 && shape[3] == 1;
  if (!equal && !point)
    throw InputError("[weights] {}: tensor '{}' is {} and config.json asks for {}", path, name,
                     shape_text(shape), shape_text(wanted));
  return shape;
}

std::vector<float> WeightStore::stored(const std::string& name) const {
  const auto derived = derived_.find(name);
  if (derived == derived_.end()) {
    const TensorFile::Entry& entry = file_.at(name);
    std::vector<float> values(entry.count());
    file_.to_float(entry, values);
    return values;
  }
  std::vector<std::vector<float>> from;
  for (const std::string& source : derived->second.from) {
    const TensorFile::Entry& entry = file_.at(source);
    from.emplace_back(entry.count());
    floats_from_bytes(entry.dtype, entry.bytes, from.back());
  }
  std::vector<float> values = derived->second.values(from);
  int64_t count = 1;
  for (const int64_t size : derived->second.shape) count *= size;
  if (static_cast<int64_t>(values.size()) != count)
    throw InputError("[weights] {}: '{}' is {} and was computed with {} values",
                     display(file_.path()), name, shape_text(derived->second.shape), values.size());
  return values;
}

bool WeightStore::has(std::string_view path) const {
  return has_path(file_.entries(), path) || has_path(derived_, path);
}

std::vector<float> WeightStore::values(const Parameter& p) const {
  const std::vector<float> original = stored(p.name);
  std::vector<float> values(original.size());
  to_engine_layout(p.layout, p.shape, original, values);
  return values;
}

Parameter WeightStore::add(Parameter p) {
  const auto bytes = static_cast<uint64_t>(p.type.shape.elements() * size_of(p.type.dtype));
  if (blocks_.empty() || block_used_ + bytes > blocks_.back().bytes()) {
    const uint64_t usual = std::min({unplaced_bytes_, block_bytes, device_.max_allocation()});
    blocks_.emplace_back(device_, std::max(usual, aligned(bytes)), Memory::device, "weights");
    block_used_ = 0;
  }
  p.address = blocks_.back().address() + block_used_;
  block_used_ += aligned(bytes);
  unplaced_bytes_ -= std::min(unplaced_bytes_, aligned(bytes));
  return loaded_.emplace(p.name, p).first->second;
}

uint64_t WeightStore::upload_beside(std::vector<Buffer>& buffers, const Parameter& parameter,
                                    std::span<const float> values) const {
  buffers.emplace_back(device_,
                       values.size() * static_cast<uint64_t>(size_of(parameter.type.dtype)),
                       Memory::device, "edited weights");
  write(parameter, values, buffers.back(), 0);
  return buffers.back().address();
}

void WeightStore::write(const Parameter& parameter, std::span<const float> values, const Buffer& to,
                        uint64_t offset) const {
  if (parameter.type.dtype == DType::f32) {
    device_.upload(to, offset, std::as_bytes(values));
    return;
  }
  std::vector<uint16_t> halves(values.size());
  std::transform(values.begin(), values.end(), halves.begin(), half_from_float);
  for (size_t i = 0; i < halves.size(); i++)
    if ((halves[i] & 0x7fff) == 0x7c00)
      throw InputError(
          "[weights] {}: tensor '{}' contains {}, too large for 16-bit floats; use --precision "
          "f32",
          display(file_.path()), parameter.name, values[i]);
  device_.upload(to, offset, std::as_bytes(std::span<const uint16_t>(halves)));
}

uint64_t WeightStore::device_bytes() const {
  uint64_t sum = 0;
  for (const Buffer& block : blocks_) sum += block.bytes();
  return sum;
}

}  // namespace lacuna
