// Pipelines by kernel, type and specialization constants, and their cache on disk.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {
namespace {

Device::Impl::PipelineKey key_of(const Dispatch& d) { return {d.variant, d.specialization}; }

// One file per device and driver: a cache of another driver would be refused anyway, and what is
// fast may differ.
std::filesystem::path cache_path(VkPhysicalDevice physical, const char* kind, const char* type) {
  VkPhysicalDeviceProperties p;
  vkGetPhysicalDeviceProperties(physical, &p);
  std::string uuid;
  for (uint8_t byte : p.pipelineCacheUUID) uuid += fmt::format("{:02x}", byte);
  return cache_folder() /
         fmt::format("{}-{:04x}-{:04x}-{}.{}", kind, p.vendorID, p.deviceID, uuid, type);
}

}  // namespace

void Device::Impl::load_pipeline_cache() {
  std::vector<char> bytes;
  if (!cache_file.empty()) {
    const std::filesystem::path path = cache_path(physical, "pipelines", "bin");
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

void Device::Impl::find_tuning(bool load) {
  if (cache_folder().empty()) return;
  tuning_file = cache_path(physical, "tuning", "json");
  if (load) tuning = Tuning::load(tuning_file);
  if (tuning.size() > 0) traits.tuning = &tuning;
}

const std::filesystem::path& Device::tuning_file() const { return impl_->tuning_file; }

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

VkResult Device::Impl::make_pipeline(const Dispatch& dispatch, VkPipeline& pipeline) const {
  const KernelVariant& variant = *dispatch.variant;
  VkShaderModuleCreateInfo module_info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  module_info.codeSize = variant.words.size_bytes();
  module_info.pCode = variant.words.data();
  VkShaderModule module;
  VkResult result = vk.vkCreateShaderModule(device, &module_info, nullptr, &module);
  if (result != VK_SUCCESS) return result;
  const std::span<const ConstantValue> constants = dispatch.specialization.values();
  std::array<VkSpecializationMapEntry, max_specializations> entries;
  for (uint32_t i = 0; i < constants.size(); i++)
    entries[i] = {static_cast<uint32_t>(constants[i].name),
                  i * uint32_t{sizeof(ConstantValue)} + uint32_t{offsetof(ConstantValue, value)},
                  sizeof(uint32_t)};
  const VkSpecializationInfo specialization{static_cast<uint32_t>(constants.size()), entries.data(),
                                            constants.size_bytes(), constants.data()};
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module;
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &specialization;
  info.layout = layout;
  if (statistics) info.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
  result = vk.vkCreateComputePipelines(device, cache, 1, &info, nullptr, &pipeline);
  vk.vkDestroyShaderModule(device, module, nullptr);
  if (result != VK_SUCCESS) pipeline = VK_NULL_HANDLE;
  return result;
}

void Device::Impl::make_pipelines(std::span<const Dispatch> dispatches) {
  std::vector<std::pair<const Dispatch*, VkPipeline*>> missing;
  for (const Dispatch& d : dispatches)
    if (const auto [at, is_new] = pipelines.try_emplace(key_of(d)); is_new)
      missing.emplace_back(&d, &at->second);
  // Drivers compile for as long as milliseconds to seconds a pipeline, each on the calling thread.
  std::atomic<size_t> next = 0;
  std::atomic<int> failure = VK_SUCCESS;
  const auto work = [&] {
    for (size_t i = next++; i < missing.size() && failure == VK_SUCCESS; i = next++)
      if (const VkResult r = make_pipeline(*missing[i].first, *missing[i].second); r != VK_SUCCESS)
        failure = r;
  };
  std::vector<std::thread> helpers;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  try {
    for (size_t i = 1; i < std::min(cores, missing.size()); i++) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads to be had: this one does the rest.
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  pipelines_made += static_cast<uint32_t>(missing.size());
  if (failure != VK_SUCCESS) std::erase_if(pipelines, [](const auto& p) { return !p.second; });
  check(static_cast<VkResult>(failure.load()), "vkCreateComputePipelines");
}

VkPipeline Device::Impl::pipeline(const Dispatch& dispatch) const {
  return pipelines.at(key_of(dispatch));
}

}  // namespace lacuna
