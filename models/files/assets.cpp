#include "models/files/assets.h"

#include "base/program_folder.h"

namespace lacuna {

std::filesystem::path asset_folder(const std::string& name) {
  // In the source tree the program is <root>/build/bin/lacuna, installed it is <prefix>/bin/lacuna.
  std::filesystem::path above = program_folder();
  for (int up = 0; up < 4 && !above.empty(); up++, above = above.parent_path())
    for (const char* place : {"assets", "share/lacuna"})
      if (std::filesystem::exists(above / place / name)) return above / place / name;
  return {};
}

}  // namespace lacuna
