// The one device of a test program, with the validation layer's synchronization checks on. The last
// test case of every program that uses it demands that the layer said nothing.
#pragma once

#include "engine/device.h"

#include <doctest/doctest.h>

namespace lacuna::test {

// Throws DeviceError where there is none.
Device& device();
// Skips a test case, and says why, where there is no device.
doctest::skip needs_device();
// Skips a test case where the validation layer is not installed.
doctest::skip needs_validation();

}  // namespace lacuna::test
