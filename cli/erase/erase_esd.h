// lacuna erase esd: erase/methods/esd.h as a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_esd(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
