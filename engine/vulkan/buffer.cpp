#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/options/option.h"
#include "engine/device.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {

// The best memory type among `bits` for the kind of use; falls back to whatever is allowed, since
// device memory that the host cannot see is reached through staging.
uint32_t Device::Impl::memory_type(uint32_t bits, Memory kind, bool* host_visible) const {
  const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  const VkMemoryPropertyFlags visible =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkMemoryPropertyFlags cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  // Device memory that the host sees too is preferred only where all memory is one (CPU,
  // integrated): the visible window of a discrete card may be small.
  const bool unified = info.kind == "CPU" || info.kind == "integrated GPU";
  std::vector<VkMemoryPropertyFlags> wishes;
  if (kind == Memory::device && unified) wishes = {local | visible, local, 0};
  if (kind == Memory::device && !unified) wishes = {local, 0};
  if (kind == Memory::upload) wishes = {visible};
  if (kind == Memory::download) wishes = {visible | cached, visible};
  for (VkMemoryPropertyFlags wish : wishes)
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
      if ((bits >> i & 1) && (memory.memoryTypes[i].propertyFlags & wish) == wish) {
        *host_visible = (memory.memoryTypes[i].propertyFlags & visible) == visible;
        return i;
      }
  throw DeviceError("[device] '{}' offers no memory that the host can write", info.name);
}

Buffer::Buffer(Device& device, uint64_t bytes, Memory kind, const char* what)
    : device_(&device), bytes_(std::max<uint64_t>(bytes, 16)) {
  Device::Impl& d = device.impl();
  if (d.count_only) {
    address_ = d.next_address;
    d.next_address += (bytes_ + 4095) / 4096 * 4096;
    d.allocated += bytes_;
    d.peak = std::max<uint64_t>(d.peak, d.allocated);
    return;
  }
  if (bytes_ > d.max_allocation)
    throw DeviceError(
        "[device] {} needs {:.1f} MiB in one piece and '{}' gives at most {:.1f} MiB; use a "
        "smaller {}, {} or {} f16",
        what, bytes_ / 1048576.0, d.info.name, d.max_allocation / 1048576.0, option("batch"),
        option("size"), option("precision"));
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes_;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  VkBuffer buffer = VK_NULL_HANDLE;
  VK_CHECK(d.vk.vkCreateBuffer(d.device, &info, nullptr, &buffer));
  handle_ = (uint64_t)buffer;
  VkMemoryRequirements need;
  d.vk.vkGetBufferMemoryRequirements(d.device, buffer, &need);
  VkMemoryAllocateFlagsInfo flags{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &flags, need.size, 0};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  try {
    bool visible = false;
    allocate.memoryTypeIndex = d.memory_type(need.memoryTypeBits, kind, &visible);
    const uint64_t heap =
        d.memory.memoryHeaps[d.memory.memoryTypes[allocate.memoryTypeIndex].heapIndex].size;
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    if (d.allocated + need.size <= heap)
      result = d.vk.vkAllocateMemory(d.device, &allocate, nullptr, &memory);
    if (result != VK_SUCCESS)
      throw DeviceError(
          "[device] no room for {} ({:.1f} MiB) on '{}' beside {:.1f} MiB in use ({}); use a "
          "smaller {}, {} or {} f16",
          what, need.size / 1048576.0, d.info.name, d.allocated.load() / 1048576.0, name_of(result),
          option("batch"), option("size"), option("precision"));
    memory_ = (uint64_t)memory;
    VK_CHECK(d.vk.vkBindBufferMemory(d.device, buffer, memory, 0));
    VkBufferDeviceAddressInfo address{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, nullptr,
                                      buffer};
    address_ = d.vk.vkGetBufferDeviceAddress(d.device, &address);
    void* host = nullptr;
    if (visible) VK_CHECK(d.vk.vkMapMemory(d.device, memory, 0, VK_WHOLE_SIZE, 0, &host));
    mapped_ = static_cast<std::byte*>(host);
  } catch (...) {
    if (memory) d.vk.vkFreeMemory(d.device, memory, nullptr);
    d.vk.vkDestroyBuffer(d.device, buffer, nullptr);
    throw;
  }
  d.allocated += bytes_;
  d.peak = std::max<uint64_t>(d.peak, d.allocated);
}

Buffer::~Buffer() {
  if (!device_) return;
  Device::Impl& d = device_->impl();
  if (handle_) d.vk.vkDestroyBuffer(d.device, (VkBuffer)handle_, nullptr);
  if (memory_) d.vk.vkFreeMemory(d.device, (VkDeviceMemory)memory_, nullptr);
  d.allocated -= bytes_;
}

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(handle_, other.handle_);
  std::swap(memory_, other.memory_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

}  // namespace lacuna
