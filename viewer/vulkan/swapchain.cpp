// What of a Screen changes with the window: swapchain, render pass and framebuffers.
#include <GLFW/glfw3.h>

#include <algorithm>

#include "viewer/platform/screen.h"
#include "viewer/vulkan/surface.h"

namespace lacuna::viewer {
namespace {

// Colours are sRGB already, so no format that would convert them.
VkSurfaceFormatKHR choose_format(const std::vector<VkSurfaceFormatKHR>& offered) {
  for (const VkFormat wish : {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UNORM})
    for (const VkSurfaceFormatKHR& f : offered)
      if (f.format == wish && f.colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR) return f;
  return offered.at(0);
}

VkCompositeAlphaFlagBitsKHR choose_alpha(VkCompositeAlphaFlagsKHR offered) {
  for (const auto wish : {VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR, VK_COMPOSITE_ALPHA_INHERIT_BIT_KHR,
                          VK_COMPOSITE_ALPHA_PRE_MULTIPLIED_BIT_KHR})
    if (offered & wish) return wish;
  return VK_COMPOSITE_ALPHA_POST_MULTIPLIED_BIT_KHR;
}

VkExtent2D extent_of(const VkSurfaceCapabilitiesKHR& can, GLFWwindow* window) {
  if (can.currentExtent.width != UINT32_MAX) return can.currentExtent;
  int width = 0, height = 0;
  glfwGetFramebufferSize(window, &width, &height);
  if (width <= 0 || height <= 0) return {0, 0};
  return {
      std::clamp(static_cast<uint32_t>(width), can.minImageExtent.width, can.maxImageExtent.width),
      std::clamp(static_cast<uint32_t>(height), can.minImageExtent.height,
                 can.maxImageExtent.height)};
}

}  // namespace

bool Screen::make_swapchain() {
  const VolkDeviceTable& vk = vulkan_.vk;
  const SurfaceCalls calls(vulkan_.instance);
  VkSurfaceCapabilitiesKHR can;
  VK_CHECK(calls.capabilities(vulkan_.physical, surface_, &can));
  extent_ = extent_of(can, window_);
  if (extent_.width == 0 || extent_.height == 0) return false;
  uint32_t count = 0;
  VK_CHECK(calls.formats(vulkan_.physical, surface_, &count, nullptr));
  std::vector<VkSurfaceFormatKHR> formats(count);
  VK_CHECK(calls.formats(vulkan_.physical, surface_, &count, formats.data()));
  const VkSurfaceFormatKHR format = choose_format(formats);
  readable_ = (can.supportedUsageFlags & VK_IMAGE_USAGE_TRANSFER_SRC_BIT) != 0;

  VkSwapchainCreateInfoKHR info{VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR};
  info.surface = surface_;
  info.minImageCount = std::min(can.minImageCount + 1,
                                can.maxImageCount ? can.maxImageCount : can.minImageCount + 1);
  info.imageFormat = format.format;
  info.imageColorSpace = format.colorSpace;
  info.imageExtent = extent_;
  info.imageArrayLayers = 1;
  info.imageUsage =
      VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | (readable_ ? VK_IMAGE_USAGE_TRANSFER_SRC_BIT : 0);
  info.imageSharingMode = VK_SHARING_MODE_EXCLUSIVE;
  info.preTransform = can.currentTransform;
  info.compositeAlpha = choose_alpha(can.supportedCompositeAlpha);
  info.presentMode = VK_PRESENT_MODE_FIFO_KHR;
  info.clipped = VK_TRUE;
  info.oldSwapchain = swapchain_;
  VkSwapchainKHR made = VK_NULL_HANDLE;
  const VkResult result = vk.vkCreateSwapchainKHR(vulkan_.device, &info, nullptr, &made);
  drop_swapchain();
  // The window changed once more while we asked: try again with the next frame.
  if (result == VK_ERROR_OUT_OF_DATE_KHR || result == VK_ERROR_INITIALIZATION_FAILED) return false;
  VK_CHECK(result);
  swapchain_ = made;
  if (format.format != format_) make_pass(format.format);

  VK_CHECK(vk.vkGetSwapchainImagesKHR(vulkan_.device, swapchain_, &count, nullptr));
  std::vector<VkImage> images(count);
  VK_CHECK(vk.vkGetSwapchainImagesKHR(vulkan_.device, swapchain_, &count, images.data()));
  for (const VkImage image : images) {
    Frame& f = frames_.emplace_back();
    f.image = image;
    VkImageViewCreateInfo view{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
    view.image = image;
    view.viewType = VK_IMAGE_VIEW_TYPE_2D;
    view.format = format_;
    view.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    VK_CHECK(vk.vkCreateImageView(vulkan_.device, &view, nullptr, &f.view));
    VkFramebufferCreateInfo buffer{VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO};
    buffer.renderPass = pass_;
    buffer.attachmentCount = 1;
    buffer.pAttachments = &f.view;
    buffer.width = extent_.width;
    buffer.height = extent_.height;
    buffer.layers = 1;
    VK_CHECK(vk.vkCreateFramebuffer(vulkan_.device, &buffer, nullptr, &f.buffer));
    const VkSemaphoreCreateInfo semaphore{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    VK_CHECK(vk.vkCreateSemaphore(vulkan_.device, &semaphore, nullptr, &f.drawn));
  }
  stale_ = false;
  return true;
}

void Screen::drop_swapchain() {
  const VolkDeviceTable& vk = vulkan_.vk;
  {
    // The presentation engine may still wait for our semaphores.
    const std::scoped_lock lock(vulkan_.submitting);
    vk.vkQueueWaitIdle(vulkan_.queue);
  }
  for (const Frame& f : frames_) {
    vk.vkDestroyFramebuffer(vulkan_.device, f.buffer, nullptr);
    vk.vkDestroyImageView(vulkan_.device, f.view, nullptr);
    vk.vkDestroySemaphore(vulkan_.device, f.drawn, nullptr);
  }
  frames_.clear();
  vk.vkDestroySwapchainKHR(vulkan_.device, swapchain_, nullptr);
  swapchain_ = VK_NULL_HANDLE;
}

void Screen::make_pass(VkFormat format) {
  VkAttachmentDescription colour{};
  colour.format = format;
  colour.samples = VK_SAMPLE_COUNT_1_BIT;
  colour.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  colour.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
  colour.stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE;
  colour.stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
  colour.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED;
  colour.finalLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
  const VkAttachmentReference reference{0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
  VkSubpassDescription subpass{};
  subpass.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS;
  subpass.colorAttachmentCount = 1;
  subpass.pColorAttachments = &reference;
  // The layout changes once the image was acquired, and is over before a frame is read back.
  const VkSubpassDependency order[] = {
      {VK_SUBPASS_EXTERNAL, 0, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
       VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT, 0, VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT, 0},
      {0, VK_SUBPASS_EXTERNAL, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
       VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
       VK_ACCESS_TRANSFER_READ_BIT, 0}};
  VkRenderPassCreateInfo info{VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO};
  info.attachmentCount = 1;
  info.pAttachments = &colour;
  info.subpassCount = 1;
  info.pSubpasses = &subpass;
  info.dependencyCount = 2;
  info.pDependencies = order;
  vulkan_.vk.vkDestroyRenderPass(vulkan_.device, pass_, nullptr);
  pass_ = VK_NULL_HANDLE;
  VK_CHECK(vulkan_.vk.vkCreateRenderPass(vulkan_.device, &info, nullptr, &pass_));
  format_ = format;
  renderer_.use(pass_);
}

}  // namespace lacuna::viewer
