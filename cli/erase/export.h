// lacuna export: edits as LoRA, as one file, or baked into a whole model.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_export(CLI::App& app);

}  // namespace lacuna
