// The one device of a test program, with the validation layer's synchronization checks on. The last
// test case of every program that uses it demands that the layer said nothing.
#pragma once

#include "engine/device.h"

#include <doctest/doctest.h>

#include <functional>

namespace lacuna::test {

// Throws DeviceError where there is none.
Device& device();
// Skips a test case, and says why, where there is no device.
doctest::skip needs_device();
// Skips a test case where the validation layer is not installed.
doctest::skip needs_validation();
// Calls `close` when all tests have run, the last one added first and the device after all of them.
// Objects of the program that hold device memory are destroyed there: at exit, drivers and layers
// may have destroyed their own static objects before ours (the validation layer of Vulkan 1.4
// crashes then).
void at_end(std::function<void()> close);

}  // namespace lacuna::test
