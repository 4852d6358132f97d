// Instance: the Vulkan loader, the validation layer's messages and the list of devices.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/vulkan/vulkan.h"

namespace lacuna {

// What the validation layer says, to any thread.
struct ValidationLog {
  std::mutex writing;
  std::vector<std::string> messages;
};

class Instance {
 public:
  // Throws DeviceError if there is no Vulkan loader, no driver, or no validation layer although one
  // was asked for.
  explicit Instance(bool validation, std::span<const std::string> extensions = {});
  ~Instance();
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&&) = delete;

  VkInstance handle() const { return handle_; }
  std::vector<VkPhysicalDevice> devices() const;
  const std::vector<std::string>& messages() const { return log_->messages; }

 private:
  VkInstance handle_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::unique_ptr<ValidationLog> log_;
};

// Name, kind, memory and, if lacuna cannot use the device, the reason in plain words.
DeviceInfo describe(VkPhysicalDevice device, int index);
// The first queue family with compute; devices without one are unusable.
int compute_family(VkPhysicalDevice device);

}  // namespace lacuna
