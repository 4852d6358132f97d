// `lacuna erase ablate`.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_ablate(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
