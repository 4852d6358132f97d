// lacuna layers: the parameters of a model's part, and the sets that erasing can select.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "erase/selection.h"

namespace lacuna {

void add_layers(CLI::App& app);

// The table of a part's sets for help texts: a line each, within 80 columns.
std::string sets_help(ModelPart part);

}  // namespace lacuna
