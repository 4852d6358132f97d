// A person at the window, played by a script on a screen that is not there (Xvfb): what is drawn,
// which files are left, and that the validation layer has nothing to say.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "models/image.h"
#include "tests/device.h"
#include "tests/temporary.h"

#ifndef _WIN32
#include <sys/wait.h>
#endif

using namespace lacuna;
using namespace lacuna::test;
namespace fs = std::filesystem;

namespace {

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

// In `folder`, with settings and pictures of its own. What it prints is in the file "said".
int view(const fs::path& folder, const std::string& options, const std::string& script) {
  std::ofstream(folder / "script") << script;
  return status_of("cd \"" + folder.string() + "\" && XDG_CONFIG_HOME=\"" + folder.string() +
                   "/config\" xvfb-run -a -s '-screen 0 1280x900x24' \"" LACUNA_VIEWER_PROGRAM
                   "\" --script script " +
                   options + " > said 2>&1");
}

// Of the part of two screenshots that a panel shows pictures in.
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

}  // namespace

#define NEEDS_SCREEN()                                                                     \
  if (!has_screen()) {                                                                     \
    MESSAGE("skipped: there is no xvfb-run to open a window on (apt install xvfb xauth)"); \
    return;                                                                                \
  }

TEST_CASE("a session: sample, cancel, erase, compare" * needs_validation()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  const int status = view(folder.path(), "--validation --model pico", R"(
wait model
wait idle
screenshot empty.png
click Prompt
type "a red circle"
click Steps
key ctrl+a
type 200
key tab
click Draw
wait step 2
screenshot half.png
click Cancel
wait idle
click Steps
key ctrl+a
type 4
key tab
key ctrl+enter
wait picture
screenshot drawn.png
report
resize 900 700
minimise
restore
resize 1180 800
click Erase
click concept
type red
click iterations
type 3
click "More options"
click trajectories
type 2
click steps
type 3
click warmup
type 0
click Start
wait erased 200
screenshot erased.png
click Compare
click "Draw both"
wait picture
screenshot compared.png
click Divider
drag Edited 0.5 0.5 0.2 0.5
screenshot divided.png
click "Side by side"
click Paint
drag Edited 0.2 0.2 0.8 0.8
wait idle
screenshot painted.png
quit
)");
  INFO(content(folder / "said"));
  REQUIRE(status == 0);
  // Half-way there is a preview, at the end another picture.
  CHECK(changed_pixels(folder / "empty.png", folder / "half.png") > 20'000);
  CHECK(changed_pixels(folder / "half.png", folder / "drawn.png") > 2'000);
  CHECK(changed_pixels(folder / "drawn.png", folder / "erased.png") > 20'000);
  CHECK(changed_pixels(folder / "compared.png", folder / "divided.png") > 20'000);
  CHECK(changed_pixels(folder / "compared.png", folder / "painted.png") > 2'000);
  // The picture never came through the host; the previews did.
  CHECK(content(folder / "said").find("textures 1 straight from the device") != std::string::npos);
  // The cancelled picture was not kept, the drawn one was, with its settings.
  int pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder / "out")) {
    pictures++;
    const std::string png = content(entry.path());
    CHECK(png.find("a red circle\nSteps: 4, Sampler: DDIM") != std::string::npos);
  }
  CHECK(pictures == 1);
  CHECK(fs::exists(folder / "edit.safetensors"));
  CHECK(fs::exists(folder / "edit.run/loss.png"));
  CHECK(content(folder / "config/lacuna/viewer.json").find("a red circle") != std::string::npos);
}

TEST_CASE("a run in the window is the command line's, and the command line goes on with it" *
          needs_device()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  const std::string options =
      "erase esd --concept red --iterations 6 --trajectories 2 --steps 3 --warmup 0 "
      "--model pico";
  const auto cli = [&](const std::string& arguments) {
    return status_of("cd \"" + folder.path().string() + "\" && \"" LACUNA_PROGRAM "\" " + options +
                     " " + arguments + " > said 2>&1");
  };
  REQUIRE(cli("--out whole.safetensors") == 0);
  // The window is closed while the run trains: its state is saved.
  const int status = view(folder.path(), "--model pico", R"(
wait model
wait idle
click Steps
key ctrl+a
type 2
key tab
click Erase
click concept
type red
click iterations
type 6
click out
type part.safetensors
click "More options"
click trajectories
type 2
click steps
type 3
click warmup
type 0
click Start
wait iteration 2 200
quit
)");
  INFO(content(folder / "said"));
  REQUIRE(status == 0);
  CHECK(fs::exists(folder / "part.run/state.safetensors"));
  REQUIRE(cli("--out part.safetensors --resume") == 0);
  CHECK(content(folder / "whole.safetensors") == content(folder / "part.safetensors"));
}

TEST_CASE("without a display one sentence and status 3") {
  const tests::TemporaryFolder folder;
  CHECK(status_of("env -u DISPLAY -u WAYLAND_DISPLAY \"" LACUNA_VIEWER_PROGRAM "\" > \"" +
                  (folder / "said").string() + "\" 2>&1") == 3);
  const std::string said = content(folder / "said");
  CHECK(said.find("there is no display") != std::string::npos);
  CHECK(std::count(said.begin(), said.end(), '\n') == 1);
}

TEST_CASE("a broken model opens the window with the error and a way out; another device presents" *
          needs_device()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "broken");
  const int status = view(folder.path(), "--no-settings --model broken --present-on 0", R"(
wait model
click "Choose another model"
click "Use pico"
wait model
wait idle
screenshot opened.png
click Steps
key ctrl+a
type 1
key ctrl+enter
wait picture
sleep 0.2
report
quit
)");
  INFO(content(folder / "said"));
  CHECK(status == 0);
  CHECK(content(folder / "said").find("textures 0 straight from the device") != std::string::npos);
}
