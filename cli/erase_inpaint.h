// `lacuna erase inpaint`.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_inpaint(CLI::App& erase);

}  // namespace lacuna
