// Pictures on the device: memory, upload and removal.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "viewer/vulkan/renderer.h"

namespace lacuna::viewer {
namespace {

uint32_t memory_type(VkPhysicalDevice physical, uint32_t bits, VkMemoryPropertyFlags wanted) {
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(physical, &memory);
  for (const VkMemoryPropertyFlags wish : {wanted, VkMemoryPropertyFlags{0}})
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
      if ((bits >> i & 1) && (memory.memoryTypes[i].propertyFlags & wish) == wish) return i;
  throw DeviceError("[viewer] the device offers no memory for pictures");
}

constexpr VkMemoryPropertyFlags host_memory =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

}  // namespace

HostBuffer::HostBuffer(const VulkanHandles& v, VkDeviceSize bytes, VkBufferUsageFlags usage)
    : vk_(&v.vk), device_(v.device), bytes_(bytes) {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes;
  info.usage = usage;
  VK_CHECK(vk_->vkCreateBuffer(device_, &info, nullptr, &buffer_));
  VkMemoryRequirements need;
  vk_->vkGetBufferMemoryRequirements(device_, buffer_, &need);
  VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, need.size,
                                memory_type(v.physical, need.memoryTypeBits, host_memory)};
  VK_CHECK(vk_->vkAllocateMemory(device_, &allocate, nullptr, &memory_));
  VK_CHECK(vk_->vkBindBufferMemory(device_, buffer_, memory_, 0));
  void* host = nullptr;
  VK_CHECK(vk_->vkMapMemory(device_, memory_, 0, VK_WHOLE_SIZE, 0, &host));
  mapped_ = static_cast<std::byte*>(host);
}

HostBuffer::~HostBuffer() {
  if (!vk_) return;
  vk_->vkDestroyBuffer(device_, buffer_, nullptr);
  vk_->vkFreeMemory(device_, memory_, nullptr);
}

HostBuffer::HostBuffer(HostBuffer&& other) noexcept { *this = std::move(other); }

HostBuffer& HostBuffer::operator=(HostBuffer&& other) noexcept {
  std::swap(vk_, other.vk_);
  std::swap(device_, other.device_);
  std::swap(buffer_, other.buffer_);
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

TextureHandles Renderer::make(uint32_t width, uint32_t height, bool sharp) {
  const VolkDeviceTable& vk = vulkan_.vk;
  TextureHandles t;
  VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = VK_FORMAT_R8G8B8A8_UNORM;
  info.extent = {width, height, 1};
  info.mipLevels = info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.tiling = VK_IMAGE_TILING_OPTIMAL;
  info.usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  VK_CHECK(vk.vkCreateImage(vulkan_.device, &info, nullptr, &t.image));
  VkMemoryRequirements need;
  vk.vkGetImageMemoryRequirements(vulkan_.device, t.image, &need);
  const VkMemoryAllocateInfo allocate{
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, need.size,
      memory_type(vulkan_.physical, need.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)};
  VK_CHECK(vk.vkAllocateMemory(vulkan_.device, &allocate, nullptr, &t.memory));
  VK_CHECK(vk.vkBindImageMemory(vulkan_.device, t.image, t.memory, 0));
  VkImageViewCreateInfo view{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
  view.image = t.image;
  view.viewType = VK_IMAGE_VIEW_TYPE_2D;
  view.format = info.format;
  view.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  VK_CHECK(vk.vkCreateImageView(vulkan_.device, &view, nullptr, &t.view));
  VkDescriptorSetAllocateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, nullptr, pool_, 1,
                                  &set_layout_};
  VK_CHECK(vk.vkAllocateDescriptorSets(vulkan_.device, &set, &t.set));
  const VkDescriptorImageInfo sampled{sharp ? sharp_ : smooth_, t.view,
                                      VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
  VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
  write.dstSet = t.set;
  write.descriptorCount = 1;
  write.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
  write.pImageInfo = &sampled;
  vk.vkUpdateDescriptorSets(vulkan_.device, 1, &write, 0, nullptr);
  return t;
}

void Renderer::upload(const TextureHandles& texture, Upload&& upload) {
  // Only the newest pixels of a picture count.
  std::erase_if(uploads_, [&](const Upload& u) { return u.image == texture.image; });
  upload.image = texture.image;
  uploads_.push_back(std::move(upload));
}

void Renderer::retire(TextureHandles&& texture) {
  std::erase_if(uploads_, [&](const Upload& u) { return u.image == texture.image; });
  retired_.push_back(texture);
}

void Renderer::free(const TextureHandles& t) {
  const VolkDeviceTable& vk = vulkan_.vk;
  vk.vkFreeDescriptorSets(vulkan_.device, pool_, 1, &t.set);
  vk.vkDestroyImageView(vulkan_.device, t.view, nullptr);
  vk.vkDestroyImage(vulkan_.device, t.image, nullptr);
  vk.vkFreeMemory(vulkan_.device, t.memory, nullptr);
}

void Renderer::begin(VkCommandBuffer commands) {
  for (const TextureHandles& t : retired_) free(t);
  retired_.clear();
  uploading_.clear();
  for (Upload& u : uploads_) {
    VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
    barrier.image = u.image;
    barrier.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    barrier.srcQueueFamilyIndex = barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.oldLayout = VK_IMAGE_LAYOUT_UNDEFINED;
    barrier.newLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
    barrier.dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
    vulkan_.vk.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                                    VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, nullptr, 0, nullptr, 1,
                                    &barrier);
    if (u.on_device) {
      // The host has waited for the queue that wrote it; this queue has yet to see it.
      const VkMemoryBarrier written{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr,
                                    VK_ACCESS_MEMORY_WRITE_BIT, VK_ACCESS_TRANSFER_READ_BIT};
      vulkan_.vk.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                                      VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &written, 0, nullptr, 0,
                                      nullptr);
    }
    VkBufferImageCopy copy{};
    copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    copy.imageExtent = {u.width, u.height, 1};
    const auto from = u.on_device ? (VkBuffer)u.on_device->handle() : u.pixels.handle();
    vulkan_.vk.vkCmdCopyBufferToImage(commands, from, u.image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                                      1, &copy);
    barrier.oldLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
    barrier.newLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;
    barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT;
    vulkan_.vk.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                    VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, 0, 0, nullptr, 0,
                                    nullptr, 1, &barrier);
    uploading_.push_back(std::move(u));
  }
  uploads_.clear();
}

Texture::Texture(Renderer& renderer, int width, int height, bool sharp)
    : renderer_(renderer),
      width_(width),
      height_(height),
      handles_(renderer.make(static_cast<uint32_t>(width), static_cast<uint32_t>(height), sharp)) {}

Texture::~Texture() { renderer_.retire(std::move(handles_)); }

void Texture::set(const Image& image) {
  std::vector<uint32_t> pixels(static_cast<size_t>(width_) * static_cast<size_t>(height_));
  assert(image.rgb.size() == pixels.size() * 3);
  for (size_t i = 0; i < pixels.size(); i++)
    pixels[i] = IM_COL32(image.rgb[3 * i], image.rgb[3 * i + 1], image.rgb[3 * i + 2], 255);
  set(pixels);
}

void Texture::set(std::span<const uint32_t> pixels) {
  HostBuffer buffer(renderer_.vulkan(), pixels.size_bytes(), VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
  std::memcpy(buffer.mapped(), pixels.data(), pixels.size_bytes());
  renderer_.upload(handles_, {.pixels = std::move(buffer),
                              .width = static_cast<uint32_t>(width_),
                              .height = static_cast<uint32_t>(height_)});
}

void Texture::set(std::shared_ptr<const Buffer> pixels) {
  renderer_.upload(handles_, {.on_device = std::move(pixels),
                              .width = static_cast<uint32_t>(width_),
                              .height = static_cast<uint32_t>(height_)});
}

ImTextureID Texture::id() const { return (ImTextureID)(uintptr_t)handles_.set; }

}  // namespace lacuna::viewer
