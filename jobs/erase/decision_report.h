// What `lacuna erase --concept X` says about its decisions: in lines, as an event, and in the run's
// decisions.json.
#pragma once

#include <filesystem>
#include <vector>

#include "erase/concept/decisions.h"
#include "jobs/progress.h"

namespace lacuna {

void say(Progress& progress, const Decisions& decisions);
// Every sentence that is learned from, kept, or measured with.
void say_sentences(Progress& progress, const Decisions& decisions);
void write_decisions(const std::filesystem::path& file, const std::vector<Decisions>& decisions);

}  // namespace lacuna
