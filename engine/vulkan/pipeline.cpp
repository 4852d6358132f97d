// Pipelines by kernel, type and specialization constants, and their cache on disk.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/error.h"
#include "engine/file.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {
namespace {

const KernelVariant& variant_of(const Kernel& kernel, DType type) {
  for (const KernelVariant& variant : kernel.variants)
    if (variant.type == name_of(type)) return variant;
  throw DeviceError("[device] kernel {} was not compiled for {}", kernel.name, name_of(type));
}

// One file per device and driver: a cache of another driver would be refused anyway.
std::filesystem::path cache_path(VkPhysicalDevice physical) {
  VkPhysicalDeviceProperties p;
  vkGetPhysicalDeviceProperties(physical, &p);
  std::string uuid;
  for (uint8_t byte : p.pipelineCacheUUID) uuid += fmt::format("{:02x}", byte);
  return cache_folder() /
         fmt::format("pipelines-{:04x}-{:04x}-{}.bin", p.vendorID, p.deviceID, uuid);
}

}  // namespace

void Device::Impl::load_pipeline_cache() {
  std::vector<char> bytes;
  if (!cache_file.empty()) {
    const std::filesystem::path path = cache_path(physical);
    cache_file = path.string();
    std::ifstream in(path, std::ios::binary);
    if (in) bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  VkPipelineCacheCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  info.initialDataSize = bytes.size();
  info.pInitialData = bytes.data();
  // A damaged or foreign cache is the driver's to refuse: start empty then.
  if (vk.vkCreatePipelineCache(device, &info, nullptr, &cache) != VK_SUCCESS) {
    info.initialDataSize = 0;
    VK_CHECK(vk.vkCreatePipelineCache(device, &info, nullptr, &cache));
  }
}

void Device::save_pipeline_cache() {
  Impl& d = *impl_;
  if (d.cache_file.empty() || d.pipelines_made == 0) return;
  size_t size = 0;
  if (d.vk.vkGetPipelineCacheData(d.device, d.cache, &size, nullptr) != VK_SUCCESS || size == 0)
    return;
  std::vector<std::byte> bytes(size);
  if (d.vk.vkGetPipelineCacheData(d.device, d.cache, &size, bytes.data()) != VK_SUCCESS) return;
  bytes.resize(size);
  try {
    make_folder(std::filesystem::path(d.cache_file).parent_path());
    write_file(d.cache_file, bytes, Overwrite::yes);
    d.pipelines_made = 0;
  } catch (const Error&) {
    // A cache that cannot be kept costs time at the next start and nothing else.
  }
}

VkPipeline Device::Impl::pipeline(const Dispatch& dispatch) {
  const KernelVariant& variant = variant_of(*dispatch.kernel, dispatch.type);
  VkPipeline& pipeline =
      pipelines[{&variant, dispatch.specialization.count, dispatch.specialization.words}];
  if (pipeline) return pipeline;
  VkShaderModuleCreateInfo module_info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  module_info.codeSize = variant.words.size_bytes();
  module_info.pCode = variant.words.data();
  VkShaderModule module;
  VK_CHECK(vk.vkCreateShaderModule(device, &module_info, nullptr, &module));
  std::array<VkSpecializationMapEntry, max_specializations> entries;
  for (uint32_t i = 0; i < dispatch.specialization.count; i++) entries[i] = {i, i * 4, 4};
  const VkSpecializationInfo specialization{dispatch.specialization.count, entries.data(),
                                            dispatch.specialization.count * 4,
                                            dispatch.specialization.words.data()};
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module;
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &specialization;
  info.layout = layout;
  if (statistics) info.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
  const VkResult result = vk.vkCreateComputePipelines(device, cache, 1, &info, nullptr, &pipeline);
  vk.vkDestroyShaderModule(device, module, nullptr);
  if (result != VK_SUCCESS) pipeline = VK_NULL_HANDLE;
  check(result, "vkCreateComputePipelines");
  pipelines_made++;
  return pipeline;
}

}  // namespace lacuna
