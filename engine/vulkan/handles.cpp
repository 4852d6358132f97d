#include "engine/vulkan/handles.h"

#include <algorithm>

#include "engine/vulkan/device_impl.h"

namespace lacuna {

VulkanHandles vulkan_handles(Device& device) {
  Device::Impl& d = device.impl();
  return {d.instance.handle(), d.physical, d.device, d.family, d.drawing_queue, d.submitting, d.vk};
}

bool has_extension(Device& device, const char* name) {
  const std::vector<std::string>& enabled = device.impl().extensions;
  return std::find(enabled.begin(), enabled.end(), name) != enabled.end();
}

}  // namespace lacuna
