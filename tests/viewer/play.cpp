#include "tests/viewer/play.h"

#include <cstdlib>
#include <fstream>

#include "pictures/image.h"

#ifndef _WIN32
#include <sys/wait.h>
#endif

namespace lacuna::test {
namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int status_of(const std::string& command) {
  const int status = std::system(command.c_str());
#ifdef _WIN32
  return status;
#else
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
#endif
}

bool has_screen() {
  static const bool there = status_of("xvfb-run --help > /dev/null 2>&1") == 0;
  return there;
}

int view(const fs::path& folder, const std::string& options, const std::string& script) {
  std::ofstream(folder / "script") << script;
  return status_of("cd \"" + folder.string() + "\" && XDG_CONFIG_HOME=\"" + folder.string() +
                   "/config\" xvfb-run -a -s '-screen 0 1280x900x24' sh -c 'echo \"$DISPLAY\" "
                   "\"$XAUTHORITY\" > screen; exec \"" LACUNA_VIEWER_PROGRAM "\" --script script " +
                   options + "' > said 2>&1");
}

int changed_pixels(const fs::path& a, const fs::path& b) {
  const Image x = load_image(a), y = load_image(b);
  REQUIRE(x.width == y.width);
  REQUIRE(x.height == y.height);
  int changed = 0;
  for (int row = 60; row < x.height - 160; row++)
    for (int column = 400; column < x.width; column++) {
      const size_t i = static_cast<size_t>((row * x.width + column) * 3);
      if (x.rgb[i] != y.rgb[i] || x.rgb[i + 1] != y.rgb[i + 1]) changed++;
    }
  return changed;
}

}  // namespace lacuna::test
