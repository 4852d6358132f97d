// lacuna bench: how fast the kernels run on a device, per second and per CPU second.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_bench(CLI::App& app);

}  // namespace lacuna
