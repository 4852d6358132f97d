// The surface of a window. Its functions are looked up for their own instance, since volk's global
// pointers are those of the first instance, which may lack the extensions.
#pragma once

#include "engine/vulkan/handles.h"

struct GLFWwindow;

namespace lacuna::viewer {

struct SurfaceCalls {
  explicit SurfaceCalls(VkInstance instance);
  PFN_vkGetPhysicalDeviceSurfaceSupportKHR support;
  PFN_vkGetPhysicalDeviceSurfaceCapabilitiesKHR capabilities;
  PFN_vkGetPhysicalDeviceSurfaceFormatsKHR formats;
  PFN_vkDestroySurfaceKHR destroy;
};

// Throws DeviceError if the system gives none.
VkSurfaceKHR make_surface(VkInstance instance, GLFWwindow* window);

}  // namespace lacuna::viewer
