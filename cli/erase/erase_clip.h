// lacuna erase clip: erase/methods/clip.h as a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace lacuna {

class RunObserver;

void add_clip(CLI::App& erase, RunObserver* observer);

}  // namespace lacuna
