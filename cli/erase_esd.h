// lacuna erase esd: erase/esd.h as a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_esd(CLI::App& erase);

}  // namespace lacuna
