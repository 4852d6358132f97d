// What the driver's compiler says of a pipeline: VK_KHR_pipeline_executable_properties.
#include "base/error.h"
#include "engine/vulkan/device_impl.h"

namespace lacuna {
namespace {

double number(const VkPipelineExecutableStatisticKHR& s) {
  switch (s.format) {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR:
      return s.value.b32 ? 1 : 0;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR:
      return static_cast<double>(s.value.i64);
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR:
      return static_cast<double>(s.value.u64);
    default:
      return s.value.f64;
  }
}

}  // namespace

std::vector<Statistic> Device::statistics(const Dispatch& dispatch) {
  Impl& d = *impl_;
  if (!d.statistics) throw DeviceError("[device] this device was opened without statistics");
  VkPipelineInfoKHR pipeline{VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR};
  d.make_pipelines({&dispatch, 1});
  pipeline.pipeline = d.pipeline(dispatch);
  uint32_t count = 0;
  VK_CHECK(d.vk.vkGetPipelineExecutablePropertiesKHR(d.device, &pipeline, &count, nullptr));
  VkPipelineExecutablePropertiesKHR properties{
      VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
  // A compute pipeline is one executable.
  if (count != 1)
    throw DeviceError("[device] '{}' made {} programs of one kernel", d.info.name, count);
  VK_CHECK(d.vk.vkGetPipelineExecutablePropertiesKHR(d.device, &pipeline, &count, &properties));
  VkPipelineExecutableInfoKHR executable{VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR};
  executable.pipeline = pipeline.pipeline;
  VK_CHECK(d.vk.vkGetPipelineExecutableStatisticsKHR(d.device, &executable, &count, nullptr));
  std::vector<VkPipelineExecutableStatisticKHR> given(
      count, {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR});
  VK_CHECK(d.vk.vkGetPipelineExecutableStatisticsKHR(d.device, &executable, &count, given.data()));
  std::vector<Statistic> all = {{"Subgroup size", static_cast<double>(properties.subgroupSize)}};
  for (const VkPipelineExecutableStatisticKHR& s : given) all.push_back({s.name, number(s)});
  return all;
}

}  // namespace lacuna
