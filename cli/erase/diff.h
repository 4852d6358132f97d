// lacuna diff: which layers edits change, and how far.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_diff(CLI::App& app);

}  // namespace lacuna
