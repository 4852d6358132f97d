#include "engine/vulkan/instance.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace lacuna {
namespace {

constexpr const char* validation_layer = "VK_LAYER_KHRONOS_validation";

VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                          VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data,
                                          void* user) {
  auto& log = *static_cast<ValidationLog*>(user);
  const std::scoped_lock lock(log.writing);
  log.messages.push_back(data->pMessage);
  return VK_FALSE;
}

bool has_layer(const char* name) {
  uint32_t count = 0;
  vkEnumerateInstanceLayerProperties(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  vkEnumerateInstanceLayerProperties(&count, layers.data());
  for (const VkLayerProperties& layer : layers)
    if (std::strcmp(layer.layerName, name) == 0) return true;
  return false;
}

bool has_extension(const char* name) {
  uint32_t count = 0;
  vkEnumerateInstanceExtensionProperties(nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  vkEnumerateInstanceExtensionProperties(nullptr, &count, extensions.data());
  for (const VkExtensionProperties& extension : extensions)
    if (std::strcmp(extension.extensionName, name) == 0) return true;
  return false;
}

// volk's pointers are global. They are set once, before anybody calls one: an instance may be made
// on one thread while another draws. The loader's functions of the core serve every instance; those
// of extensions are looked up for theirs.
bool load_loader() {
  static const bool found = volkInitialize() == VK_SUCCESS;
  return found;
}
void load_functions(VkInstance instance) {
  static const bool loaded = (volkLoadInstanceOnly(instance), true);
  (void)loaded;
}

template <typename Function>
Function look_up(VkInstance instance, const char* name) {
  return reinterpret_cast<Function>(vkGetInstanceProcAddr(instance, name));
}

}  // namespace

Instance::Instance(bool validation, std::span<const std::string> wanted)
    : log_(std::make_unique<ValidationLog>()) {
  if (!load_loader())
    throw DeviceError(
        "[device] no Vulkan loader was found on this machine; install one with its driver "
        "(Debian and Ubuntu: apt install libvulkan1 mesa-vulkan-drivers)");
  if (validation && !has_layer(validation_layer))
    throw DeviceError(
        "[device] the validation layer is not installed; apt install "
        "vulkan-validationlayers, or run without validation");

  VkApplicationInfo app{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  app.pApplicationName = "lacuna";
  app.apiVersion = VK_API_VERSION_1_2;
  VkDebugUtilsMessengerCreateInfoEXT debug{VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  debug.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                          VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  debug.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                      VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT;
  debug.pfnUserCallback = on_message;
  debug.pUserData = log_.get();
  const VkValidationFeatureEnableEXT enabled[] = {
      VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
  VkValidationFeaturesEXT features{VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  features.enabledValidationFeatureCount = 1;
  features.pEnabledValidationFeatures = enabled;

  std::vector<const char*> layers, extensions;
  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &app;
  for (const std::string& name : wanted) extensions.push_back(name.c_str());
  if (validation) {
    layers.push_back(validation_layer);
    extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    features.pNext = &debug;
    info.pNext = &features;
  }
#ifdef VK_KHR_portability_enumeration
  // Layered implementations (MoltenVK) are listed only when asked for.
  if (has_extension(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
    extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
    info.flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  }
#endif
  info.enabledLayerCount = static_cast<uint32_t>(layers.size());
  info.ppEnabledLayerNames = layers.data();
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  const VkResult result = vkCreateInstance(&info, nullptr, &handle_);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    throw DeviceError(
        "[device] the Vulkan loader found no driver; install the one of your GPU, or the software "
        "driver (Debian and Ubuntu: apt install mesa-vulkan-drivers)");
  VK_CHECK(result);
  load_functions(handle_);
  if (validation)
    VK_CHECK(look_up<PFN_vkCreateDebugUtilsMessengerEXT>(handle_, "vkCreateDebugUtilsMessengerEXT")(
        handle_, &debug, nullptr, &messenger_));
}

Instance::~Instance() {
  if (messenger_)
    look_up<PFN_vkDestroyDebugUtilsMessengerEXT>(handle_, "vkDestroyDebugUtilsMessengerEXT")(
        handle_, messenger_, nullptr);
  if (handle_) vkDestroyInstance(handle_, nullptr);
}

Instance::Instance(Instance&& other) noexcept
    : handle_(std::exchange(other.handle_, VK_NULL_HANDLE)),
      messenger_(std::exchange(other.messenger_, VK_NULL_HANDLE)),
      log_(std::move(other.log_)) {}

std::vector<VkPhysicalDevice> Instance::devices() const {
  uint32_t count = 0;
  VK_CHECK(vkEnumeratePhysicalDevices(handle_, &count, nullptr));
  std::vector<VkPhysicalDevice> list(count);
  if (count) VK_CHECK(vkEnumeratePhysicalDevices(handle_, &count, list.data()));
  list.resize(count);
  return list;
}

int compute_family(VkPhysicalDevice device) {
  uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  for (uint32_t i = 0; i < count; i++)
    if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) return static_cast<int>(i);
  return -1;
}

namespace {

const char* kind_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete GPU";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated GPU";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual GPU";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "CPU";
    default:
      return "other";
  }
}

std::string version_text(uint32_t v) {
  return fmt::format("{}.{}.{}", VK_API_VERSION_MAJOR(v), VK_API_VERSION_MINOR(v),
                     VK_API_VERSION_PATCH(v));
}

std::string why_unusable(VkPhysicalDevice device, uint32_t api) {
  if (api < VK_API_VERSION_1_2)
    return "it offers Vulkan " + version_text(api) + " and 1.2 is needed; update its driver";
  if (compute_family(device) < 0) return "it has no compute queue";
  VkPhysicalDeviceVulkan12Features features12{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  features.pNext = &features12;
  vkGetPhysicalDeviceFeatures2(device, &features);
  if (!features12.bufferDeviceAddress)
    return "its driver lacks buffer device addresses (bufferDeviceAddress); update the driver";
  if (!features12.scalarBlockLayout)
    return "its driver lacks the scalar block layout (scalarBlockLayout); update the driver";
  return {};
}

}  // namespace

DeviceInfo describe(VkPhysicalDevice device, int index) {
  VkPhysicalDeviceProperties basic;
  vkGetPhysicalDeviceProperties(device, &basic);
  DeviceInfo info;
  info.index = index;
  info.name = basic.deviceName;
  info.kind = kind_of(basic.deviceType);
  info.api = version_text(basic.apiVersion);
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(device, &memory);
  for (uint32_t i = 0; i < memory.memoryHeapCount; i++)
    if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
      info.memory_bytes = std::max<uint64_t>(info.memory_bytes, memory.memoryHeaps[i].size);
  if (basic.apiVersion >= VK_API_VERSION_1_2) {
    VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    properties.pNext = &driver;
    vkGetPhysicalDeviceProperties2(device, &properties);
    info.driver = std::string(driver.driverName) + " " + driver.driverInfo;
  } else {
    info.driver = version_text(basic.driverVersion);
  }
  info.unusable = why_unusable(device, basic.apiVersion);
  return info;
}

std::vector<DeviceInfo> list_devices() {
  Instance instance(false);
  std::vector<DeviceInfo> list;
  for (VkPhysicalDevice device : instance.devices())
    list.push_back(describe(device, static_cast<int>(list.size())));
  return list;
}

}  // namespace lacuna
