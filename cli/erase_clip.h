// lacuna erase clip: erase/clip.h as a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_clip(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
