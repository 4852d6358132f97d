// lacuna layers map: which layers of the text encoder hold a concept, and what else erasing there
// costs.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_layers_map(CLI::App& layers);

}  // namespace lacuna
