// lacuna check: how many pictures of a folder show what their prompts ask for.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_check(CLI::App& app);

}  // namespace lacuna
