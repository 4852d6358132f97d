#include "engine/recorder.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <stdexcept>

#include "base/error.h"

namespace lacuna {

namespace {

const KernelVariant& variant_of(const Kernel& kernel, const KernelTypes& types) {
  const std::string name = types.name();
  for (const KernelVariant& variant : kernel.variants)
    if (variant.type == name) return variant;
  throw std::logic_error(fmt::format("kernel {} was not compiled for {}", kernel.name, name));
}

// The first name among the bits.
std::string_view first_of(uint64_t constants) {
  return name_of(static_cast<Constant>(std::countr_zero(constants)));
}

}  // namespace

std::string KernelTypes::name() const {
  std::string name = name_of(activations);
  return weights == activations ? name : name + "_" + name_of(weights);
}

void Specialization::add(std::initializer_list<ConstantValue> list) {
  assert(count_ + list.size() <= max_specializations);
  std::copy(list.begin(), list.end(), values_.begin() + count_);
  count_ += static_cast<uint32_t>(list.size());
}

uint64_t Specialization::names() const {
  uint64_t bits = 0;
  for (const ConstantValue& v : values()) bits |= uint64_t{1} << static_cast<uint32_t>(v.name);
  return bits;
}

Groups Recorder::fold(int64_t count) {
  constexpr int64_t limit = 65535;
  const int64_t rows = (count + limit - 1) / limit;
  const int64_t columns = (count + rows - 1) / rows;
  return {static_cast<uint32_t>(columns), static_cast<uint32_t>(rows), 1};
}

uint64_t Recorder::touch(uint32_t value, bool write) {
  pending_.push_back({value, write});
  return resolve_(value);
}

void Recorder::add(const Kernel& kernel, KernelTypes types, const Specialization& specialization,
                   const void* push, size_t bytes, Groups groups) {
  constexpr uint32_t limit = 65535;
  if (groups.x > limit || groups.y > limit || groups.z > limit)
    throw InputError(
        "[{}] needs {}x{}x{} workgroups, more than every device offers; use a smaller size",
        kernel.name, groups.x, groups.y, groups.z);
  Dispatch d;
  d.kernel = &kernel;
  d.variant = &variant_of(kernel, types);
  d.specialization = specialization.with({{Constant::CPU_DRIVER, traits_.cpu}});
  if (const uint64_t missing = d.variant->constants & ~d.specialization.names())
    throw std::logic_error(
        fmt::format("kernel {} reads the constant {}, which its op does not give", kernel.name,
                    first_of(missing)));
  std::memcpy(d.push.data(), push, bytes);
  d.push_bytes = static_cast<uint32_t>(bytes);
  d.groups = groups;
  d.accesses = std::move(pending_);
  d.node = node_;
  pending_.clear();
  dispatches_.push_back(std::move(d));
}

}  // namespace lacuna
