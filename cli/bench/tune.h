// lacuna tune: which variants of the kernels are fastest on this device.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_tune(CLI::App& app);

}  // namespace lacuna
