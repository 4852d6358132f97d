// Instance: the Vulkan loader, the validation layer's messages and the list of devices.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/vulkan/vulkan.h"

namespace lacuna {

class Instance {
 public:
  // Throws DeviceError where there is no Vulkan loader, no driver, or no validation layer when
  // asked for.
  explicit Instance(bool validation);
  ~Instance();
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&&) = delete;

  VkInstance handle() const { return handle_; }
  std::vector<VkPhysicalDevice> devices() const;
  const std::vector<std::string>& messages() const { return *messages_; }

 private:
  VkInstance handle_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::unique_ptr<std::vector<std::string>> messages_;
};

// Name, kind, memory and, if lacuna cannot use the device, the reason in plain words.
DeviceInfo describe(VkPhysicalDevice device, int index);
// The first queue family with compute; devices without one are unusable.
int compute_family(VkPhysicalDevice device);

}  // namespace lacuna
