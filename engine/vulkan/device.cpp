#include "engine/device.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/options/option.h"
#include "base/text.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {
namespace {

// Lower is better: a real GPU is chosen before a software driver.
int rank_of(const DeviceInfo& info) {
  const char* order[] = {"discrete GPU", "integrated GPU", "virtual GPU", "other", "CPU"};
  for (int i = 0; i < 5; i++)
    if (info.kind == order[i]) return i;
  return 5;
}

std::string list_text(const std::vector<DeviceInfo>& infos) {
  std::string text;
  for (const DeviceInfo& info : infos)
    text += fmt::format("\n  {}: {} ({}){}", info.index, info.name, info.kind,
                        info.unusable.empty() ? "" : ": unusable, " + info.unusable);
  return text;
}

const DeviceInfo& choose(const std::vector<DeviceInfo>& infos, const std::string& selector) {
  if (infos.empty())
    throw DeviceError(
        "[device] Vulkan reports no device; install a driver (Debian and Ubuntu: apt install "
        "mesa-vulkan-drivers, which also runs without a GPU)");
  if (selector.empty()) {
    const DeviceInfo* best = nullptr;
    for (const DeviceInfo& info : infos)
      if (info.unusable.empty() && (!best || rank_of(info) < rank_of(*best))) best = &info;
    if (!best) throw DeviceError("[device] no device can be used:{}", list_text(infos));
    return *best;
  }
  const bool number = std::all_of(selector.begin(), selector.end(),
                                  [](unsigned char c) { return std::isdigit(c); });
  for (const DeviceInfo& info : infos) {
    const bool match =
        number ? std::to_string(info.index) == selector
               : lower_ascii(info.name).find(lower_ascii(selector)) != std::string::npos;
    if (!match) continue;
    if (!info.unusable.empty())
      throw DeviceError("[device] '{}' cannot be used: {}", info.name, info.unusable);
    return info;
  }
  throw DeviceError("[device] no device matches '{}'; {} takes a number or a part of a name of:{}",
                    selector, option("device"), list_text(infos));
}

bool has_extension(VkPhysicalDevice device, const char* name) {
  uint32_t count = 0;
  vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
  return std::any_of(extensions.begin(), extensions.end(), [&](const VkExtensionProperties& e) {
    return std::strcmp(e.extensionName, name) == 0;
  });
}

uint32_t queues_of(VkPhysicalDevice device, uint32_t family) {
  uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  return families[family].queueCount;
}

DeviceTraits traits_of(VkPhysicalDevice device, bool storage16) {
  VkPhysicalDeviceSubgroupProperties subgroup{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  properties.pNext = &subgroup;
  vkGetPhysicalDeviceProperties2(device, &properties);
  const VkPhysicalDeviceLimits& limits = properties.properties.limits;
  DeviceTraits traits;
  // Kernels for CPU drivers hand values round in subgroups of at least the lanes they use.
  traits.cpu = properties.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU &&
               subgroup.subgroupSize >= 4 &&
               (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_BALLOT_BIT) != 0;
  traits.subgroup_size = subgroup.subgroupSize;
  traits.max_shared_bytes = limits.maxComputeSharedMemorySize;
  traits.max_workgroup_size =
      std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]);
  traits.storage16 = storage16;
  return traits;
}

}  // namespace

Device::Device(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::unique_ptr<Device> Device::open(const DeviceOptions& options) {
  auto impl = std::make_unique<Impl>(Instance(options.validation, options.instance_extensions));
  std::string selector = options.selector;
  if (const char* preferred = std::getenv("LACUNA_DEVICE"); selector.empty() && preferred)
    selector = preferred;
  std::vector<DeviceInfo> infos;
  const auto handles = impl->instance.devices();
  for (VkPhysicalDevice handle : handles)
    infos.push_back(describe(handle, static_cast<int>(infos.size())));
  impl->info = choose(infos, selector);
  impl->physical = handles[impl->info.index];
  impl->family = static_cast<uint32_t>(compute_family(impl->physical));

  // Ask for exactly what kernels use: 16-bit storage only where it exists (f32 works everywhere).
  VkPhysicalDevice16BitStorageFeatures has16{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES};
  VkPhysicalDeviceFeatures2 has{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &has16, {}};
  vkGetPhysicalDeviceFeatures2(impl->physical, &has);
  const bool storage16 = has16.storageBuffer16BitAccess;
  VkPhysicalDeviceVulkan11Features want11{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
  want11.storageBuffer16BitAccess = storage16;
  VkPhysicalDeviceVulkan12Features want12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  want12.pNext = &want11;
  want12.bufferDeviceAddress = VK_TRUE;
  want12.scalarBlockLayout = VK_TRUE;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
  executables.pipelineExecutableInfo = VK_TRUE;
  const char* executables_extension = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  // Drawing gets a queue of its own, so that a frame need not wait for work that was submitted
  // before it.
  const bool draws = !options.device_extensions.empty();
  const uint32_t queues = draws && queues_of(impl->physical, impl->family) > 1 ? 2 : 1;
  const float priorities[] = {0.5f, 1};
  VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = impl->family;
  queue.queueCount = queues;
  queue.pQueuePriorities = priorities;
  VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
  info.pNext = &want12;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  if (options.statistics) {
    if (!has_extension(impl->physical, executables_extension))
      throw DeviceError(
          "[device] the driver of '{}' tells nothing about its compiled kernels ({}); Mesa's "
          "drivers do",
          impl->info.name, executables_extension);
    want11.pNext = &executables;
    impl->extensions.push_back(executables_extension);
    impl->statistics = true;
  }
  for (const std::string& name : options.device_extensions)
    if (has_extension(impl->physical, name.c_str())) impl->extensions.push_back(name);
  std::vector<const char*> extensions;
  for (const std::string& name : impl->extensions) extensions.push_back(name.c_str());
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  VK_CHECK(vkCreateDevice(impl->physical, &info, nullptr, &impl->device));
  volkLoadDeviceTable(&impl->vk, impl->device);
  impl->vk.vkGetDeviceQueue(impl->device, impl->family, 0, &impl->queue);
  impl->vk.vkGetDeviceQueue(impl->device, impl->family, queues - 1, &impl->drawing_queue);
  impl->shares_queue = draws && queues == 1;

  impl->traits = traits_of(impl->physical, storage16);
  vkGetPhysicalDeviceMemoryProperties(impl->physical, &impl->memory);
  VkPhysicalDeviceMaintenance3Properties limit{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
  VkPhysicalDeviceProperties2 properties{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &limit, {}};
  vkGetPhysicalDeviceProperties2(impl->physical, &properties);
  impl->max_allocation = limit.maxMemoryAllocationSize;
  impl->count_only = options.count_only;
  if (properties.properties.limits.timestampComputeAndGraphics)
    impl->timestamp_ns = properties.properties.limits.timestampPeriod;

  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.queueFamilyIndex = impl->family;
  VK_CHECK(impl->vk.vkCreateCommandPool(impl->device, &pool, nullptr, &impl->pool));
  const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, max_push_bytes};
  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &range;
  VK_CHECK(impl->vk.vkCreatePipelineLayout(impl->device, &layout, nullptr, &impl->layout));
  if (options.pipeline_cache) impl->cache_file = "default";
  impl->load_pipeline_cache();
  impl->find_tuning(options.tuning && !options.table);
  if (options.table) impl->traits.tuning = options.table;
  return std::unique_ptr<Device>(new Device(std::move(impl)));
}

Device::~Device() { save_pipeline_cache(); }

Device::Impl::~Impl() {
  if (!device) return;
  vk.vkDeviceWaitIdle(device);
  for (auto& [key, pipeline] : pipelines) vk.vkDestroyPipeline(device, pipeline, nullptr);
  if (cache) vk.vkDestroyPipelineCache(device, cache, nullptr);
  if (layout) vk.vkDestroyPipelineLayout(device, layout, nullptr);
  if (pool) vk.vkDestroyCommandPool(device, pool, nullptr);
  vk.vkDestroyDevice(device, nullptr);
}

const DeviceInfo& Device::info() const { return impl_->info; }
const DeviceTraits& Device::traits() const { return impl_->traits; }
bool Device::count_only() const { return impl_->count_only; }
uint64_t Device::max_allocation() const { return impl_->max_allocation; }
uint64_t Device::allocated_bytes() const { return impl_->allocated; }
uint64_t Device::peak_bytes() const { return impl_->peak; }
const std::vector<std::string>& Device::validation_messages() const {
  return impl_->instance.messages();
}

void Device::Impl::run_once(const std::function<void(VkCommandBuffer)>& record) {
  VkCommandBufferAllocateInfo allocate{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = pool;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkCommandBuffer commands;
  VK_CHECK(vk.vkAllocateCommandBuffers(device, &allocate, &commands));
  VkFence done = VK_NULL_HANDLE;
  const VkFenceCreateInfo fence{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  VK_CHECK(vk.vkCreateFence(device, &fence, nullptr, &done));
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  VK_CHECK(vk.vkBeginCommandBuffer(commands, &begin));
  record(commands);
  VK_CHECK(vk.vkEndCommandBuffer(commands));
  VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  {
    const std::scoped_lock lock(submitting);
    VK_CHECK(vk.vkQueueSubmit(queue, 1, &submit, done));
  }
  VK_CHECK(vk.vkWaitForFences(device, 1, &done, VK_TRUE, UINT64_MAX));
  vk.vkDestroyFence(device, done, nullptr);
  vk.vkFreeCommandBuffers(device, pool, 1, &commands);
}

namespace {
constexpr uint64_t staging_bytes = 16 << 20;
}

void Device::upload(const Buffer& buffer, uint64_t offset, std::span<const std::byte> data) {
  if (buffer.mapped()) {
    std::memcpy(buffer.mapped() + offset, data.data(), data.size());
    return;
  }
  const bool one_memory = impl_->info.kind == "CPU" || impl_->info.kind == "integrated GPU";
  if (impl_->count_only && one_memory) return;
  Buffer staging(*this, std::min<uint64_t>(staging_bytes, data.size()), Memory::upload, "staging");
  if (impl_->count_only) return;
  for (uint64_t at = 0; at < data.size(); at += staging.bytes()) {
    const uint64_t size = std::min<uint64_t>(staging.bytes(), data.size() - at);
    std::memcpy(staging.mapped(), data.data() + at, size);
    impl_->run_once([&](VkCommandBuffer commands) {
      const VkBufferCopy copy{0, offset + at, size};
      impl_->vk.vkCmdCopyBuffer(commands, (VkBuffer)staging.handle(), (VkBuffer)buffer.handle(), 1,
                                &copy);
    });
  }
}

void Device::download(const Buffer& buffer, uint64_t offset, std::span<std::byte> data) {
  if (buffer.mapped()) {
    std::memcpy(data.data(), buffer.mapped() + offset, data.size());
    return;
  }
  Buffer staging(*this, std::min<uint64_t>(staging_bytes, data.size()), Memory::download,
                 "staging");
  for (uint64_t at = 0; at < data.size(); at += staging.bytes()) {
    const uint64_t size = std::min<uint64_t>(staging.bytes(), data.size() - at);
    impl_->run_once([&](VkCommandBuffer commands) {
      const VkBufferCopy copy{offset + at, 0, size};
      impl_->vk.vkCmdCopyBuffer(commands, (VkBuffer)buffer.handle(), (VkBuffer)staging.handle(), 1,
                                &copy);
    });
    std::memcpy(data.data() + at, staging.mapped(), size);
  }
}

}  // namespace lacuna
