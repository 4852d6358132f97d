// The window's contents: surface, swapchain and the frames that are drawn into it.
//
// The swapchain is made again whenever the window has another size or the system says that it is
// out of date (another monitor, another mode); while the window has no size nothing is drawn.
#pragma once

#include <optional>
#include <vector>

#include "viewer/vulkan/renderer.h"

struct GLFWwindow;

namespace lacuna::viewer {

class Screen {
 public:
  // The extensions that a device needs to show something in the window.
  static std::vector<std::string> instance_extensions();  // throws DeviceError: no Vulkan
  static std::vector<std::string> device_extensions();
  // Whether the device can show something in this window.
  static bool fits(Device& device, GLFWwindow* window);

  // Device and window must outlive it. Throws DeviceError if the device does not fit.
  Screen(Device& device, GLFWwindow* window);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  Renderer& renderer() { return renderer_; }
  // False if the window has no size or its system is not ready: then nothing was drawn. With `copy`
  // the frame is also read back.
  bool draw(const ImDrawData& data, ImVec4 background, std::optional<Image>* copy = nullptr);

 private:
  struct Frame {
    VkImage image = VK_NULL_HANDLE;
    VkImageView view = VK_NULL_HANDLE;
    VkFramebuffer buffer = VK_NULL_HANDLE;
    VkSemaphore drawn = VK_NULL_HANDLE;
  };

  bool make_swapchain();
  void drop_swapchain();
  void make_pass(VkFormat format);
  void record(const Frame& frame, const ImDrawData& data, ImVec4 background, HostBuffer* copy);
  void copy_frame(const Frame& frame, HostBuffer& copy);
  Image image_of(const HostBuffer& copy) const;

  GLFWwindow* window_;
  Renderer renderer_;
  const VulkanHandles& vulkan_;
  VkSurfaceKHR surface_ = VK_NULL_HANDLE;
  VkSwapchainKHR swapchain_ = VK_NULL_HANDLE;
  VkExtent2D extent_{};
  VkFormat format_ = VK_FORMAT_UNDEFINED;
  bool readable_ = false, stale_ = false;
  VkRenderPass pass_ = VK_NULL_HANDLE;
  std::vector<Frame> frames_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  VkSemaphore acquired_ = VK_NULL_HANDLE;
  VkFence done_ = VK_NULL_HANDLE;  // signalled: no frame is under way
};

}  // namespace lacuna::viewer
