// `lacuna erase inpaint`.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_inpaint(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
