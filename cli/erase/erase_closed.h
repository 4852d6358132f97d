// lacuna erase uce, rece and speed: edits of the cross-attention matrices in closed form.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_erase_closed(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
