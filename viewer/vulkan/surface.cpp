#include "viewer/vulkan/surface.h"

#include <GLFW/glfw3.h>

#include "base/error.h"

namespace lacuna::viewer {
namespace {

template <typename T>
void load(T& call, VkInstance instance, const char* name) {
  call = reinterpret_cast<T>(vkGetInstanceProcAddr(instance, name));
  if (!call) throw DeviceError("[viewer] the Vulkan loader knows no {}; update it", name);
}

}  // namespace

SurfaceCalls::SurfaceCalls(VkInstance instance) {
  load(support, instance, "vkGetPhysicalDeviceSurfaceSupportKHR");
  load(capabilities, instance, "vkGetPhysicalDeviceSurfaceCapabilitiesKHR");
  load(formats, instance, "vkGetPhysicalDeviceSurfaceFormatsKHR");
  load(destroy, instance, "vkDestroySurfaceKHR");
}

VkSurfaceKHR make_surface(VkInstance instance, GLFWwindow* window) {
  VkSurfaceKHR surface = VK_NULL_HANDLE;
  const VkResult result = glfwCreateWindowSurface(instance, window, nullptr, &surface);
  if (result != VK_SUCCESS)
    throw DeviceError(
        "[viewer] the window cannot be drawn with Vulkan ({}); the command line `lacuna` does the "
        "same work without a window",
        name_of(result));
  return surface;
}

}  // namespace lacuna::viewer
