#include "jobs/version.h"

#include <string_view>

namespace lacuna {

extern const char* const commit;  // made by the build: cmake/Commit.cmake

std::string version_text() {
  const std::string text = "lacuna " LACUNA_VERSION;
  return std::string_view(commit).empty() ? text : text + " (" + commit + ")";
}

}  // namespace lacuna
