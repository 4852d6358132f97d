// lacuna bench: how fast kernels and whole programs run on a device, against what the device
// reaches at best.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_bench(CLI::App& app);

}  // namespace lacuna
