// lacuna erase clip: erase/clip.h as a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

void add_clip(CLI::App& erase);

}  // namespace lacuna
