#include "engine/recorder.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace lacuna {

Specialization::Specialization(std::initializer_list<uint32_t> list)
    : count(static_cast<uint32_t>(list.size())) {
  assert(list.size() < max_specializations);
  std::copy(list.begin(), list.end(), words.begin());
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

void Recorder::add(const Kernel& kernel, DType type, const Specialization& specialization,
                   const void* push, size_t bytes, Groups groups) {
  constexpr uint32_t limit = 65535;
  if (groups.x > limit || groups.y > limit || groups.z > limit)
    throw InputError(
        "[{}] needs {}x{}x{} workgroups, more than every device offers; use a smaller size",
        kernel.name, groups.x, groups.y, groups.z);
  Dispatch d;
  d.kernel = &kernel;
  d.type = type;
  d.specialization = specialization;
  d.specialization.words.back() = traits_.cpu;
  std::memcpy(d.push.data(), push, bytes);
  d.push_bytes = static_cast<uint32_t>(bytes);
  d.groups = groups;
  d.accesses = std::move(pending_);
  d.node = node_;
  pending_.clear();
  dispatches_.push_back(std::move(d));
}

}  // namespace lacuna
