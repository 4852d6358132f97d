#include "models/files/weights.h"

#include <algorithm>
#include <cmath>

#include "base/align.h"
#include "base/error.h"
#include "base/half.h"

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

}  // namespace

WeightStore::WeightStore(Device& device, SafeTensors file, DType dtype)
    : device_(device), file_(std::move(file)), dtype_(dtype) {
  if (dtype == DType::f16 && !device.traits().storage16)
    throw DeviceError("[weights] '{}' cannot store 16-bit floats; use --precision f32",
                      device.info().name);
  for (const auto& [name, entry] : file_.entries())
    unplaced_bytes_ += aligned(entry.count() * static_cast<uint64_t>(size_of(dtype)));
}

WeightStore::WeightStore(Device& device, DType dtype) : device_(device), dtype_(dtype) {
  if (!device.count_only())
    throw InputError("[weights] a model without a file needs a device that only counts");
}

Parameter WeightStore::load(const std::string& name, std::span<const int64_t> shape,
                            Layout layout) {
  if (const auto found = loaded_.find(name); found != loaded_.end()) return found->second;
  if (file_.path().empty())
    return add({name,
                {Shape(engine_shape(layout, shape)), dtype_},
                0,
                layout,
                {shape.begin(), shape.end()}});
  const SafeTensors::Entry* entry = file_.find(name);
  const std::string path = display(file_.path());
  if (!entry)
    throw InputError(
        "[weights] {} has no tensor '{}' ({} expected); its config.json belongs to another model "
        "or the file is incomplete",
        path, name, shape_text(shape));
  const bool equal =
      std::equal(shape.begin(), shape.end(), entry->shape.begin(), entry->shape.end());
  // A 1x1 convolution holds the matrix of a linear layer.
  const bool point = layout == Layout::linear && entry->shape.size() == 4 &&
                     entry->shape[0] == shape[0] && entry->shape[1] == shape[1] &&
                     entry->shape[2] == 1 && entry->shape[3] == 1;
  if (!equal && !point)
    throw InputError("[weights] {}: tensor '{}' is {} and config.json asks for {}", path, name,
                     shape_text(entry->shape), shape_text(shape));
  std::vector<float> stored(entry->count()), values(entry->count());
  // Gigabytes need not be read to know how much room they take.
  if (!device_.count_only()) file_.to_float(*entry, stored);
  for (float v : stored)
    if (!std::isfinite(v))
      throw InputError(
          "[weights] {}: tensor '{}' contains {}; the checkpoint is damaged, get it again", path,
          name, std::isnan(v) ? "NaN" : "infinity");
  to_engine_layout(layout, shape, stored, values);
  const Parameter parameter =
      add({name, {Shape(engine_shape(layout, shape)), dtype_}, 0, layout, entry->shape});
  const Buffer& block = blocks_.back();
  write(name, values, block, parameter.address - block.address());
  return parameter;
}

std::vector<float> WeightStore::values(const Parameter& p) const {
  const SafeTensors::Entry& entry = file_.at(p.name);
  std::vector<float> stored(entry.count()), values(entry.count());
  file_.to_float(entry, stored);
  to_engine_layout(p.layout, p.shape, stored, values);
  return values;
}

Parameter WeightStore::add(Parameter p) {
  const auto bytes = static_cast<uint64_t>(p.type.shape.elements() * size_of(dtype_));
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

uint64_t WeightStore::upload_beside(std::vector<Buffer>& buffers, const std::string& name,
                                    std::span<const float> values) const {
  buffers.emplace_back(device_, values.size() * static_cast<uint64_t>(size_of(dtype_)),
                       Memory::device, "edited weights");
  write(name, values, buffers.back(), 0);
  return buffers.back().address();
}

void WeightStore::write(const std::string& name, std::span<const float> values, const Buffer& to,
                        uint64_t offset) const {
  if (dtype_ == DType::f32) {
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
          display(file_.path()), name, values[i]);
  device_.upload(to, offset, std::as_bytes(std::span<const uint16_t>(halves)));
}

uint64_t WeightStore::device_bytes() const {
  uint64_t sum = 0;
  for (const Buffer& block : blocks_) sum += block.bytes();
  return sum;
}

std::string Weights::join(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

Weights Weights::operator[](std::string_view name) const { return {*store_, join(name)}; }

bool Weights::has(std::string_view name) const {
  const std::string full = join(name);
  if (store_->has(full)) return true;
  const auto& entries = store_->file().entries();
  const auto next = entries.lower_bound(full + ".");
  return next != entries.end() && next->first.starts_with(full + ".");
}

Weights Weights::any_of(std::initializer_list<std::string_view> names) const {
  for (std::string_view name : names)
    if (has(name)) return (*this)[name];
  return (*this)[*names.begin()];
}

Parameter Weights::vector(std::string_view name, int64_t size) const {
  const int64_t shape[] = {size};
  return store_->load(join(name), shape, Layout::plain);
}
Parameter Weights::table(std::string_view name, int64_t rows, int64_t columns) const {
  const int64_t shape[] = {rows, columns};
  return store_->load(join(name), shape, Layout::plain);
}
Parameter Weights::matrix(std::string_view name, int64_t in, int64_t out) const {
  const int64_t shape[] = {out, in};
  return store_->load(join(name), shape, Layout::linear);
}
Parameter Weights::kernel(std::string_view name, int64_t in, int64_t out, int64_t k) const {
  const int64_t shape[] = {out, in, k, k};
  return store_->load(join(name), shape, Layout::conv2d);
}

}  // namespace lacuna
