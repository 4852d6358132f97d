#include "viewer/platform/screen.h"

#include <GLFW/glfw3.h>

#include <cstring>

#include "base/error.h"
#include "viewer/vulkan/surface.h"

namespace lacuna::viewer {
namespace {

// A hidden window may never get an image; then the frame is left out.
constexpr uint64_t longest_wait = 100'000'000;  // ns

bool has_graphics(VkPhysicalDevice device, uint32_t family) {
  uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  return (families[family].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0;
}

bool shows(const VulkanHandles& v, VkSurfaceKHR surface, const SurfaceCalls& calls) {
  VkBool32 supported = VK_FALSE;
  return calls.support(v.physical, v.family, surface, &supported) == VK_SUCCESS && supported;
}

}  // namespace

std::vector<std::string> Screen::instance_extensions() {
  uint32_t count = 0;
  const char** names = glfwGetRequiredInstanceExtensions(&count);
  if (!names)
    throw DeviceError(
        "[viewer] no Vulkan driver on this machine can draw in a window; install one (Debian and "
        "Ubuntu: apt install mesa-vulkan-drivers), or use the command line `lacuna`");
  return {names, names + count};
}

std::vector<std::string> Screen::device_extensions() { return {VK_KHR_SWAPCHAIN_EXTENSION_NAME}; }

bool Screen::fits(Device& device, GLFWwindow* window) {
  const VulkanHandles v = vulkan_handles(device);
  if (!has_extension(device, VK_KHR_SWAPCHAIN_EXTENSION_NAME) ||
      !has_graphics(v.physical, v.family))
    return false;
  const SurfaceCalls calls(v.instance);
  const VkSurfaceKHR surface = make_surface(v.instance, window);
  const bool yes = shows(v, surface, calls);
  calls.destroy(v.instance, surface, nullptr);
  return yes;
}

Screen::Screen(Device& device, GLFWwindow* window)
    : window_(window), renderer_(device), vulkan_(renderer_.vulkan()) {
  const VolkDeviceTable& vk = vulkan_.vk;
  surface_ = make_surface(vulkan_.instance, window);
  if (!shows(vulkan_, surface_, SurfaceCalls(vulkan_.instance)))
    throw DeviceError("[viewer] '{}' cannot draw in this window", device.info().name);
  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.flags =
      VK_COMMAND_POOL_CREATE_TRANSIENT_BIT | VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = vulkan_.family;
  VK_CHECK(vk.vkCreateCommandPool(vulkan_.device, &pool, nullptr, &pool_));
  VkCommandBufferAllocateInfo allocate{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = pool_;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VK_CHECK(vk.vkAllocateCommandBuffers(vulkan_.device, &allocate, &commands_));
  const VkSemaphoreCreateInfo semaphore{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
  VK_CHECK(vk.vkCreateSemaphore(vulkan_.device, &semaphore, nullptr, &acquired_));
  const VkFenceCreateInfo fence{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr,
                                VK_FENCE_CREATE_SIGNALED_BIT};
  VK_CHECK(vk.vkCreateFence(vulkan_.device, &fence, nullptr, &done_));
}

Screen::~Screen() {
  const VolkDeviceTable& vk = vulkan_.vk;
  drop_swapchain();
  vk.vkDestroyRenderPass(vulkan_.device, pass_, nullptr);
  vk.vkDestroyFence(vulkan_.device, done_, nullptr);
  vk.vkDestroySemaphore(vulkan_.device, acquired_, nullptr);
  vk.vkDestroyCommandPool(vulkan_.device, pool_, nullptr);
  if (surface_) SurfaceCalls(vulkan_.instance).destroy(vulkan_.instance, surface_, nullptr);
}

bool Screen::draw(const ImDrawData& data, ImVec4 background, std::optional<Image>* copy) {
  const VolkDeviceTable& vk = vulkan_.vk;
  VK_CHECK(vk.vkWaitForFences(vulkan_.device, 1, &done_, VK_TRUE, UINT64_MAX));
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  if (width <= 0 || height <= 0) return false;
  if (static_cast<uint32_t>(width) != extent_.width ||
      static_cast<uint32_t>(height) != extent_.height)
    stale_ = true;
  if ((!swapchain_ || stale_) && !make_swapchain()) return false;
  uint32_t index = 0;
  const VkResult got = vk.vkAcquireNextImageKHR(vulkan_.device, swapchain_, longest_wait, acquired_,
                                                VK_NULL_HANDLE, &index);
  if (got == VK_TIMEOUT || got == VK_NOT_READY) return false;
  if (got == VK_ERROR_OUT_OF_DATE_KHR) {
    stale_ = true;
    return false;
  }
  if (got != VK_SUBOPTIMAL_KHR) VK_CHECK(got);
  const Frame& frame = frames_[index];
  std::optional<HostBuffer> read_back;
  if (copy && readable_)
    read_back.emplace(vulkan_, VkDeviceSize{4} * extent_.width * extent_.height,
                      VK_BUFFER_USAGE_TRANSFER_DST_BIT);
  record(frame, data, background, read_back ? &*read_back : nullptr);
  VK_CHECK(vk.vkResetFences(vulkan_.device, 1, &done_));
  const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
  VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  submit.waitSemaphoreCount = 1;
  submit.pWaitSemaphores = &acquired_;
  submit.pWaitDstStageMask = &stage;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands_;
  submit.signalSemaphoreCount = 1;
  submit.pSignalSemaphores = &frame.drawn;
  VkPresentInfoKHR present{VK_STRUCTURE_TYPE_PRESENT_INFO_KHR};
  present.waitSemaphoreCount = 1;
  present.pWaitSemaphores = &frame.drawn;
  present.swapchainCount = 1;
  present.pSwapchains = &swapchain_;
  present.pImageIndices = &index;
  VkResult shown;
  {
    const std::scoped_lock lock(vulkan_.submitting);
    VK_CHECK(vk.vkQueueSubmit(vulkan_.queue, 1, &submit, done_));
    shown = vk.vkQueuePresentKHR(vulkan_.queue, &present);
  }
  if (shown == VK_ERROR_OUT_OF_DATE_KHR || shown == VK_SUBOPTIMAL_KHR || got == VK_SUBOPTIMAL_KHR)
    stale_ = true;
  else
    VK_CHECK(shown);
  if (read_back) {
    VK_CHECK(vk.vkWaitForFences(vulkan_.device, 1, &done_, VK_TRUE, UINT64_MAX));
    *copy = image_of(*read_back);
  }
  return true;
}

void Screen::record(const Frame& frame, const ImDrawData& data, ImVec4 background,
                    HostBuffer* copy) {
  const VolkDeviceTable& vk = vulkan_.vk;
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  VK_CHECK(vk.vkBeginCommandBuffer(commands_, &begin));
  renderer_.begin(commands_);
  VkClearValue clear{};
  clear.color = {{background.x, background.y, background.z, 1}};
  VkRenderPassBeginInfo pass{VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO};
  pass.renderPass = pass_;
  pass.framebuffer = frame.buffer;
  pass.renderArea.extent = extent_;
  pass.clearValueCount = 1;
  pass.pClearValues = &clear;
  vk.vkCmdBeginRenderPass(commands_, &pass, VK_SUBPASS_CONTENTS_INLINE);
  renderer_.draw(commands_, data);
  vk.vkCmdEndRenderPass(commands_);
  if (copy) copy_frame(frame, *copy);
  VK_CHECK(vk.vkEndCommandBuffer(commands_));
}

void Screen::copy_frame(const Frame& frame, HostBuffer& copy) {
  const VolkDeviceTable& vk = vulkan_.vk;
  VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
  barrier.image = frame.image;
  barrier.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  barrier.srcQueueFamilyIndex = barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  barrier.oldLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
  barrier.newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
  barrier.srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT;
  vk.vkCmdPipelineBarrier(
      commands_, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
      VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, nullptr, 0, nullptr, 1, &barrier);
  VkBufferImageCopy part{};
  part.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  part.imageExtent = {extent_.width, extent_.height, 1};
  vk.vkCmdCopyImageToBuffer(commands_, frame.image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                            copy.handle(), 1, &part);
  barrier.oldLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
  barrier.newLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
  barrier.srcAccessMask = VK_ACCESS_TRANSFER_READ_BIT;
  barrier.dstAccessMask = 0;
  const VkMemoryBarrier host{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr,
                             VK_ACCESS_TRANSFER_WRITE_BIT, VK_ACCESS_HOST_READ_BIT};
  vk.vkCmdPipelineBarrier(commands_, VK_PIPELINE_STAGE_TRANSFER_BIT,
                          VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, 0, 1,
                          &host, 0, nullptr, 1, &barrier);
}

Image Screen::image_of(const HostBuffer& copy) const {
  Image image = blank_image(static_cast<int>(extent_.width), static_cast<int>(extent_.height), 0);
  const bool bgr = format_ == VK_FORMAT_B8G8R8A8_UNORM || format_ == VK_FORMAT_B8G8R8A8_SRGB;
  const auto* from = reinterpret_cast<const uint8_t*>(copy.mapped());
  for (size_t i = 0; i < image.rgb.size() / 3; i++)
    for (size_t c = 0; c < 3; c++) image.rgb[3 * i + c] = from[4 * i + (bgr ? 2 - c : c)];
  return image;
}

}  // namespace lacuna::viewer
