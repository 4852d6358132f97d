// The Vulkan handles of a Device for code outside engine/ that draws with it, such as a window.
//
// Open the device with the instance and device extensions that drawing needs; has_extension() says
// which of the latter it got. All handles belong to the device and live as long as it does.
#pragma once

#include <mutex>

#include "engine/device.h"
#include "engine/vulkan/vulkan.h"

namespace lacuna {

struct VulkanHandles {
  VkInstance instance;
  VkPhysicalDevice physical;
  VkDevice device;
  uint32_t family;  // of the queue, with compute and, on nearly all devices, graphics
  // A queue of its own, beside that of the computation, if the family has two.
  VkQueue queue;
  // Vulkan lets one thread at a time use a queue: hold this around every submission and present.
  std::mutex& submitting;
  const VolkDeviceTable& vk;
};

VulkanHandles vulkan_handles(Device& device);
// Whether an extension that was asked for is enabled.
bool has_extension(Device& device, const char* name);

}  // namespace lacuna
