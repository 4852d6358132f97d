// lacuna eval: did erasing work? Pictures before and after an edit, counted and side by side.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_eval(CLI::App& app);

}  // namespace lacuna
