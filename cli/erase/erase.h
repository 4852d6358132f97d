// lacuna erase METHOD: trains or computes an edit.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

// `observer` is told of runs instead of the terminal.
void add_erase(CLI::App& app, RunObserver* observer = nullptr);

}  // namespace lacuna
