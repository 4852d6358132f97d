// Arena: scratch memory that is lent to whichever plan runs. Only engine/vulkan looks inside.
//
// Plans of one device never run at the same time, so all of them share one arena as large as the
// largest needs. When it grows or shrinks its addresses change, and a plan notices before its next
// run (`generation`).
#pragma once

#include <cstdint>
#include <deque>
#include <set>

#include "engine/device.h"

namespace lacuna {

class Arena {
 public:
  // In allocations of at most `block` bytes; 0: as large as the device allows.
  Arena(Device& device, int64_t block);

  // No value crosses a multiple of this.
  int64_t block() const { return block_; }
  const Buffer& buffer(int64_t index) const { return buffers_[static_cast<size_t>(index)]; }
  // Grows with every change of an address.
  uint64_t generation() const { return generation_; }

  // A plan that needs so many bytes is made, or gone. join() throws DeviceError when the device has
  // no room; the plan then has not joined.
  void join(int64_t bytes);
  void leave(int64_t bytes) noexcept;
  // Makes the buffers that are missing, which an earlier failure may have left so.
  void fit();

  // The plan whose intermediate results it holds: the last that ran.
  const void* holder = nullptr;

 private:
  Device& device_;
  int64_t block_;
  std::deque<Buffer> buffers_;  // whose places never change
  std::multiset<int64_t> needs_;
  uint64_t generation_ = 0;
};

}  // namespace lacuna
