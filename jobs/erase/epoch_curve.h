// The epochs of a run, from its log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lacuna {

// Draws epochs.png in the run's folder: what each epoch measured. Draws nothing if none was
// measured.
void draw_epochs(const std::filesystem::path& run, const std::string& title);

int64_t last_epoch(const std::filesystem::path& run);  // 0: none yet

}  // namespace lacuna
