// lacuna devices: every Vulkan device, and why one cannot be used.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_devices(CLI::App& app);

}  // namespace lacuna
