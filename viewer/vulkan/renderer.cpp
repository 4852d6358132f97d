#include "viewer/vulkan/renderer.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "viewer/shaders/ui_frag.h"
#include "viewer/shaders/ui_vert.h"

namespace lacuna::viewer {
namespace {

constexpr uint32_t most_textures = 1024;
constexpr VkIndexType index_type =
    sizeof(ImDrawIdx) == 2 ? VK_INDEX_TYPE_UINT16 : VK_INDEX_TYPE_UINT32;

VkSampler make_sampler(const VulkanHandles& v, VkFilter magnify) {
  VkSamplerCreateInfo info{VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
  info.magFilter = magnify;
  info.minFilter = VK_FILTER_LINEAR;
  info.addressModeU = info.addressModeV = info.addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
  VkSampler sampler;
  VK_CHECK(v.vk.vkCreateSampler(v.device, &info, nullptr, &sampler));
  return sampler;
}

VkShaderModule make_module(const VulkanHandles& v, std::span<const uint32_t> words) {
  VkShaderModuleCreateInfo info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  info.codeSize = words.size_bytes();
  info.pCode = words.data();
  VkShaderModule module;
  VK_CHECK(v.vk.vkCreateShaderModule(v.device, &info, nullptr, &module));
  return module;
}

// Grows to what a frame needs and is kept.
void fit(HostBuffer& buffer, const VulkanHandles& v, size_t bytes, VkBufferUsageFlags usage) {
  if (buffer.bytes() < bytes) buffer = HostBuffer(v, std::max<size_t>(bytes * 2, 1 << 16), usage);
}

}  // namespace

Renderer::Renderer(Device& device) : vulkan_(vulkan_handles(device)) {
  const VolkDeviceTable& vk = vulkan_.vk;
  smooth_ = make_sampler(vulkan_, VK_FILTER_LINEAR);
  sharp_ = make_sampler(vulkan_, VK_FILTER_NEAREST);
  const VkDescriptorSetLayoutBinding binding{0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1,
                                             VK_SHADER_STAGE_FRAGMENT_BIT, nullptr};
  VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  set.bindingCount = 1;
  set.pBindings = &binding;
  VK_CHECK(vk.vkCreateDescriptorSetLayout(vulkan_.device, &set, nullptr, &set_layout_));
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, most_textures};
  VkDescriptorPoolCreateInfo pool{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  pool.flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT;
  pool.maxSets = most_textures;
  pool.poolSizeCount = 1;
  pool.pPoolSizes = &size;
  VK_CHECK(vk.vkCreateDescriptorPool(vulkan_.device, &pool, nullptr, &pool_));
  const VkPushConstantRange push{VK_SHADER_STAGE_VERTEX_BIT, 0, 4 * sizeof(float)};
  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &set_layout_;
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &push;
  VK_CHECK(vk.vkCreatePipelineLayout(vulkan_.device, &layout, nullptr, &layout_));
}

Renderer::~Renderer() {
  const VolkDeviceTable& vk = vulkan_.vk;
  {
    const std::scoped_lock lock(vulkan_.submitting);
    vk.vkQueueWaitIdle(vulkan_.queue);
  }
  fonts_.reset();
  for (const TextureHandles& t : retired_) free(t);
  vk.vkDestroyPipeline(vulkan_.device, pipeline_, nullptr);
  vk.vkDestroyPipelineLayout(vulkan_.device, layout_, nullptr);
  vk.vkDestroyDescriptorPool(vulkan_.device, pool_, nullptr);
  vk.vkDestroyDescriptorSetLayout(vulkan_.device, set_layout_, nullptr);
  vk.vkDestroySampler(vulkan_.device, smooth_, nullptr);
  vk.vkDestroySampler(vulkan_.device, sharp_, nullptr);
}

void Renderer::use(VkRenderPass pass) {
  vulkan_.vk.vkDestroyPipeline(vulkan_.device, pipeline_, nullptr);
  make_pipeline(pass);
}

void Renderer::make_pipeline(VkRenderPass pass) {
  const VolkDeviceTable& vk = vulkan_.vk;
  VkPipelineShaderStageCreateInfo stages[2] = {};
  for (VkPipelineShaderStageCreateInfo& s : stages) {
    s.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    s.pName = "main";
  }
  stages[0].stage = VK_SHADER_STAGE_VERTEX_BIT;
  stages[0].module = make_module(vulkan_, ui_vert);
  stages[1].stage = VK_SHADER_STAGE_FRAGMENT_BIT;
  stages[1].module = make_module(vulkan_, ui_frag);
  const VkVertexInputBindingDescription binding{0, sizeof(ImDrawVert), VK_VERTEX_INPUT_RATE_VERTEX};
  const VkVertexInputAttributeDescription attributes[] = {
      {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(ImDrawVert, pos)},
      {1, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(ImDrawVert, uv)},
      {2, 0, VK_FORMAT_R8G8B8A8_UNORM, offsetof(ImDrawVert, col)}};
  VkPipelineVertexInputStateCreateInfo input{
      VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  input.vertexBindingDescriptionCount = 1;
  input.pVertexBindingDescriptions = &binding;
  input.vertexAttributeDescriptionCount = 3;
  input.pVertexAttributeDescriptions = attributes;
  VkPipelineInputAssemblyStateCreateInfo assembly{
      VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
  VkPipelineViewportStateCreateInfo viewport{VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO};
  viewport.viewportCount = viewport.scissorCount = 1;
  VkPipelineRasterizationStateCreateInfo raster{
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
  raster.lineWidth = 1;
  VkPipelineMultisampleStateCreateInfo samples{
      VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO};
  samples.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT;
  VkPipelineColorBlendAttachmentState over{};
  over.blendEnable = VK_TRUE;
  over.srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA;
  over.dstColorBlendFactor = over.dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
  over.srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE;
  over.colorWriteMask = VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_G_BIT |
                        VK_COLOR_COMPONENT_B_BIT | VK_COLOR_COMPONENT_A_BIT;
  VkPipelineColorBlendStateCreateInfo blend{
      VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
  blend.attachmentCount = 1;
  blend.pAttachments = &over;
  const VkDynamicState dynamic[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
  VkPipelineDynamicStateCreateInfo dynamics{VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO};
  dynamics.dynamicStateCount = 2;
  dynamics.pDynamicStates = dynamic;
  VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO};
  info.stageCount = 2;
  info.pStages = stages;
  info.pVertexInputState = &input;
  info.pInputAssemblyState = &assembly;
  info.pViewportState = &viewport;
  info.pRasterizationState = &raster;
  info.pMultisampleState = &samples;
  info.pColorBlendState = &blend;
  info.pDynamicState = &dynamics;
  info.layout = layout_;
  info.renderPass = pass;
  const VkResult result =
      vk.vkCreateGraphicsPipelines(vulkan_.device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline_);
  for (const auto& s : stages) vk.vkDestroyShaderModule(vulkan_.device, s.module, nullptr);
  VK_CHECK(result);
}

void Renderer::make_fonts() {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  unsigned char* pixels = nullptr;
  int width = 0, height = 0;
  atlas.GetTexDataAsRGBA32(&pixels, &width, &height);
  fonts_ = std::make_unique<Texture>(*this, width, height, false);
  std::vector<uint32_t> words(static_cast<size_t>(width) * static_cast<size_t>(height));
  std::memcpy(words.data(), pixels, words.size() * 4);
  fonts_->set(words);
  atlas.SetTexID(fonts_->id());
  atlas.ClearTexData();
}

void Renderer::draw(VkCommandBuffer commands, const ImDrawData& data) {
  if (data.TotalVtxCount == 0) return;
  const VolkDeviceTable& vk = vulkan_.vk;
  fit(vertices_, vulkan_, static_cast<size_t>(data.TotalVtxCount) * sizeof(ImDrawVert),
      VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
  fit(indices_, vulkan_, static_cast<size_t>(data.TotalIdxCount) * sizeof(ImDrawIdx),
      VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
  std::byte* to_vertices = vertices_.mapped();
  std::byte* to_indices = indices_.mapped();
  for (int i = 0; i < data.CmdListsCount; i++) {
    const ImDrawList& list = *data.CmdLists[i];
    const auto v = static_cast<size_t>(list.VtxBuffer.size_in_bytes());
    const auto n = static_cast<size_t>(list.IdxBuffer.size_in_bytes());
    std::memcpy(to_vertices, list.VtxBuffer.Data, v);
    std::memcpy(to_indices, list.IdxBuffer.Data, n);
    to_vertices += v;
    to_indices += n;
  }
  const float width = data.DisplaySize.x * data.FramebufferScale.x;
  const float height = data.DisplaySize.y * data.FramebufferScale.y;
  const float window[] = {2 / data.DisplaySize.x, 2 / data.DisplaySize.y, -1, -1};
  const VkViewport viewport{0, 0, width, height, 0, 1};
  const VkBuffer vertex_buffer = vertices_.handle();
  const VkDeviceSize start = 0;
  vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline_);
  vk.vkCmdBindVertexBuffers(commands, 0, 1, &vertex_buffer, &start);
  vk.vkCmdBindIndexBuffer(commands, indices_.handle(), 0, index_type);
  vk.vkCmdSetViewport(commands, 0, 1, &viewport);
  vk.vkCmdPushConstants(commands, layout_, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(window), window);
  int32_t vertex = 0;
  uint32_t index = 0;
  for (int i = 0; i < data.CmdListsCount; i++) {
    const ImDrawList& list = *data.CmdLists[i];
    for (const ImDrawCmd& c : list.CmdBuffer) {
      const ImVec2 scale = data.FramebufferScale;
      const float left = std::max(0.0f, c.ClipRect.x * scale.x);
      const float top = std::max(0.0f, c.ClipRect.y * scale.y);
      const float right = std::min(width, c.ClipRect.z * scale.x);
      const float bottom = std::min(height, c.ClipRect.w * scale.y);
      if (right <= left || bottom <= top) continue;
      const VkRect2D scissor{
          {static_cast<int32_t>(left), static_cast<int32_t>(top)},
          {static_cast<uint32_t>(right - left), static_cast<uint32_t>(bottom - top)}};
      const auto set = (VkDescriptorSet)(uintptr_t)c.GetTexID();
      vk.vkCmdSetScissor(commands, 0, 1, &scissor);
      vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, layout_, 0, 1, &set, 0,
                                 nullptr);
      vk.vkCmdDrawIndexed(commands, c.ElemCount, 1, index + c.IdxOffset,
                          vertex + static_cast<int32_t>(c.VtxOffset), 0);
    }
    vertex += list.VtxBuffer.Size;
    index += static_cast<uint32_t>(list.IdxBuffer.Size);
  }
}

}  // namespace lacuna::viewer
