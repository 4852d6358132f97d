// Files that come with the program: the embedded model and what single-file checkpoints lack.
#pragma once

#include <filesystem>
#include <string>

namespace lacuna {

// The folder `name` of the program's assets: assets/NAME in the source tree, share/lacuna/NAME in
// an installed program. Empty if there is none near the program.
std::filesystem::path asset_folder(const std::string& name);

}  // namespace lacuna
