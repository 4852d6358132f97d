// lacuna erase METHOD: trains or computes an edit.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_erase(CLI::App& app);

}  // namespace lacuna
