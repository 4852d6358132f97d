// volk's Vulkan and the one way to check a result.
#pragma once

#include <volk.h>

namespace lacuna {

// Throws DeviceError with the name of the result, the call, and what to do about it. Active in
// every build.
void check(VkResult result, const char* call);
const char* name_of(VkResult result);

}  // namespace lacuna

#define VK_CHECK(call) ::lacuna::check((call), #call)
