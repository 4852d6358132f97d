// `lacuna erase ablate`.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_ablate(CLI::App& erase);

}  // namespace lacuna
