#include "engine/vulkan/vulkan.h"

#include <string>

#include "base/error.h"

namespace lacuna {

const char* name_of(VkResult result) {
  switch (result) {
    case VK_SUCCESS:
      return "success";
    case VK_NOT_READY:
      return "not ready";
    case VK_TIMEOUT:
      return "timeout";
    case VK_INCOMPLETE:
      return "incomplete";
    case VK_ERROR_OUT_OF_HOST_MEMORY:
      return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
      return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
      return "initialization failed";
    case VK_ERROR_DEVICE_LOST:
      return "device lost";
    case VK_ERROR_MEMORY_MAP_FAILED:
      return "memory map failed";
    case VK_ERROR_LAYER_NOT_PRESENT:
      return "layer not present";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
      return "extension not present";
    case VK_ERROR_FEATURE_NOT_PRESENT:
      return "feature not present";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
      return "incompatible driver";
    case VK_ERROR_TOO_MANY_OBJECTS:
      return "too many objects";
    case VK_ERROR_SURFACE_LOST_KHR:
      return "surface lost";
    case VK_ERROR_OUT_OF_DATE_KHR:
      return "out of date";
    default:
      return "an unknown result";
  }
}

namespace {

const char* advice(VkResult result) {
  switch (result) {
    case VK_ERROR_DEVICE_LOST:
      return "the driver reset the device, often because one piece of work ran too long or memory "
             "ran "
             "out; run again, with a smaller --batch or --size if it happens twice";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_HOST_MEMORY:
      return "free memory, or use a smaller --batch, --size or --precision f16";
    case VK_ERROR_LAYER_NOT_PRESENT:
      return "install the Vulkan validation layers";
    default:
      return "`lacuna devices` shows what this machine offers";
  }
}

}  // namespace

void check(VkResult result, const char* call) {
  if (result == VK_SUCCESS) return;
  const std::string text = call;
  throw DeviceError("[vulkan] {} failed: {} ({}); {}", text.substr(0, text.find('(')),
                    name_of(result), static_cast<int>(result), advice(result));
}

}  // namespace lacuna
