#include "engine/vulkan/arena.h"

#include <algorithm>

#include "base/error.h"
#include "engine/passes.h"

namespace lacuna {
namespace {

// Offsets stay far from overflow, whatever the device offers.
constexpr uint64_t block_limit = uint64_t{1} << 40;

}  // namespace

Arena::Arena(Device& device, int64_t block)
    : device_(device),
      block_(static_cast<int64_t>(std::min(device.max_allocation(), block_limit))) {
  if (block > 0) block_ = std::min(block_, block);
  block_ = std::max(block_ / arena_alignment, int64_t{1}) * arena_alignment;
}

void Arena::fit() {
  const int64_t bytes = needs_.empty() ? 0 : *needs_.rbegin();
  const auto count = static_cast<size_t>((bytes + block_ - 1) / block_);
  const auto wanted = [&](size_t i) {
    const int64_t begin = static_cast<int64_t>(i) * block_;
    return begin < bytes ? static_cast<uint64_t>(std::min(block_, bytes - begin)) : 0;
  };
  // All that goes before anything comes: at no moment there is more than needed.
  for (size_t i = 0; i < buffers_.size(); i++)
    if (buffers_[i].bytes() > 0 && buffers_[i].bytes() != wanted(i)) {
      buffers_[i] = Buffer();
      generation_++;
      holder = nullptr;
    }
  while (buffers_.size() < count) buffers_.emplace_back();
  for (size_t i = 0; i < count; i++)
    if (buffers_[i].bytes() == 0) {
      buffers_[i] = Buffer(device_, wanted(i), Memory::device, "the arena of intermediate results");
      generation_++;
      holder = nullptr;
    }
}

void Arena::join(int64_t bytes) {
  const auto need = needs_.insert(bytes);
  try {
    fit();
  } catch (...) {
    needs_.erase(need);
    throw;
  }
}

void Arena::leave(int64_t bytes) noexcept {
  needs_.erase(needs_.find(bytes));
  try {
    fit();
  } catch (const Error&) {}  // less than there was: the next run asks again and tells
}

}  // namespace lacuna
