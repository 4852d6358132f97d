// lacuna sample: prompts become pictures.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_sample(CLI::App& app);

}  // namespace lacuna
