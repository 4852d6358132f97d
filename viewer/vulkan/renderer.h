// Draws what Dear ImGui asks for, and the pictures in it, with Vulkan.
//
// One thread draws, one frame at a time: the caller of begin() has waited for the frame before.
// Then what was destroyed meanwhile is freed and what is new is uploaded, in the frame's own
// commands. The device must outlive the object, and the object every Texture.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/vulkan/handles.h"
#include "pictures/image.h"

namespace lacuna::viewer {

// Memory of a device, bound to a buffer that the host writes or reads.
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(const VulkanHandles& vulkan, VkDeviceSize bytes, VkBufferUsageFlags usage);
  ~HostBuffer();
  HostBuffer(HostBuffer&& other) noexcept;
  HostBuffer& operator=(HostBuffer&& other) noexcept;
  VkBuffer handle() const { return buffer_; }
  VkDeviceSize bytes() const { return bytes_; }
  std::byte* mapped() const { return mapped_; }

 private:
  const VolkDeviceTable* vk_ = nullptr;
  VkDevice device_ = VK_NULL_HANDLE;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  VkDeviceSize bytes_ = 0;
  std::byte* mapped_ = nullptr;
};

// An image with its view and descriptor; freed by the renderer once no frame uses it.
struct TextureHandles {
  VkImage image = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  VkImageView view = VK_NULL_HANDLE;
  VkDescriptorSet set = VK_NULL_HANDLE;
};

class Renderer {
 public:
  explicit Renderer(Device& device);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Frames go into this render pass, of one colour attachment, from here on.
  void use(VkRenderPass pass);
  // Takes the font atlas of ImGui's context.
  void make_fonts();
  // Before the render pass of a frame, and in it.
  void begin(VkCommandBuffer commands);
  void draw(VkCommandBuffer commands, const ImDrawData& data);

  const VulkanHandles& vulkan() const { return vulkan_; }

 private:
  friend class Texture;
  struct Upload {
    HostBuffer pixels;
    std::shared_ptr<const Buffer> on_device;  // instead of pixels
    VkImage image;
    uint32_t width, height;
  };
  TextureHandles make(uint32_t width, uint32_t height, bool sharp);
  void upload(const TextureHandles& texture, Upload&& upload);
  void retire(TextureHandles&& texture);
  void free(const TextureHandles& texture);
  void make_pipeline(VkRenderPass pass);

  VulkanHandles vulkan_;
  VkSampler smooth_ = VK_NULL_HANDLE, sharp_ = VK_NULL_HANDLE;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
  HostBuffer vertices_, indices_;
  std::unique_ptr<class Texture> fonts_;
  std::vector<Upload> uploads_;
  std::vector<Upload> uploading_;  // by the frame that is under way
  std::vector<TextureHandles> retired_;
};

// A picture as ImGui::Image() takes it. `sharp`: magnified pixels stay squares.
class Texture {
 public:
  Texture(Renderer& renderer, int width, int height, bool sharp);
  ~Texture();
  Texture(const Texture&) = delete;
  Texture& operator=(const Texture&) = delete;

  int width() const { return width_; }
  int height() const { return height_; }
  void set(const Image& image);                // of the same size
  void set(std::span<const uint32_t> pixels);  // as IM_COL32 makes them
  // The same in a buffer of the renderer's device, written by work that is done.
  void set(std::shared_ptr<const Buffer> pixels);
  ImTextureID id() const;

 private:
  Renderer& renderer_;
  int width_, height_;
  TextureHandles handles_;
};

}  // namespace lacuna::viewer
