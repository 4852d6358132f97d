// What a Device is made of. Only engine/ includes this.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "engine/device.h"
#include "engine/tuning.h"
#include "engine/vulkan/instance.h"
#include "engine/vulkan/vulkan.h"

namespace lacuna {

class Arena;

struct Device::Impl {
  Instance instance;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  std::mutex submitting;                   // held around every use of a queue
  VkQueue drawing_queue = VK_NULL_HANDLE;  // the same one if the family has no other
  bool shares_queue = false;               // with drawing: work is submitted piece by piece
  std::vector<std::string> extensions;     // that are enabled, of those asked for
  uint32_t family = 0;
  VolkDeviceTable vk{};
  VkCommandPool pool = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;  // push constants only: kernels get addresses
  VkPipelineCache cache = VK_NULL_HANDLE;
  std::string cache_file;       // empty: not kept
  uint32_t pipelines_made = 0;  // since the cache was last saved
  VkPhysicalDeviceMemoryProperties memory{};
  uint64_t max_allocation = 0;
  float timestamp_ns = 0;  // 0: the queue has no timestamps
  DeviceInfo info;
  DeviceTraits traits;
  Tuning tuning;
  std::filesystem::path tuning_file;  // empty: there is no cache folder
  // The thread that draws may release a buffer while another thread computes.
  std::atomic<uint64_t> allocated = 0, peak = 0;
  bool count_only = false;
  bool statistics = false;
  uint64_t next_address = 4096;  // of buffers that are only counted
  using PipelineKey = std::pair<const KernelVariant*, Specialization>;
  std::map<PipelineKey, VkPipeline> pipelines;
  std::shared_ptr<Arena> arena;  // of all plans that bring none; made for the first

  explicit Impl(Instance&& inst) : instance(std::move(inst)) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Makes the pipelines that these dispatches lack, on all cores.
  void make_pipelines(std::span<const Dispatch> dispatches);
  VkResult make_pipeline(const Dispatch& dispatch, VkPipeline& pipeline) const;
  VkPipeline pipeline(const Dispatch& dispatch) const;  // one that was made
  // Runs commands once and waits.
  void run_once(const std::function<void(VkCommandBuffer)>& record);
  uint32_t memory_type(uint32_t bits, Memory kind, bool* host_visible) const;
  void load_pipeline_cache();
  void find_tuning(bool load);
};

}  // namespace lacuna
