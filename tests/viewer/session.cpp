// A person at the window, played by a script on a screen that is not there (Xvfb): what is drawn,
// which files are left, and that the validation layer has nothing to say.
#include <algorithm>

#include "tests/device.h"
#include "tests/temporary.h"
#include "tests/viewer/play.h"

using namespace lacuna;
using namespace lacuna::test;
namespace fs = std::filesystem;

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
resize 40 30
minimise
restore
resize 1180 800
wait step 5
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
click Erase
click Method
click Method/esd
click concept
type red
click iterations
type 3
click "More options"
click auto
type none
click trajectories
type 2
click steps
type 3
click warmup
type 0
key ctrl+enter
wait erased 200
screenshot erased.png
click Compare
click "Draw both"
wait picture
click "Save both"
sleep 0.2
hover Original
screenshot compared.png
click Divider
drag Edited 0.5 0.5 0.2 0.5
screenshot divided.png
click "Side by side"
click Paint
drag Edited 0.2 0.2 0.8 0.8
wait picture
screenshot painted.png
click "Region mode"
click "Region mode/prediction"
wait picture
screenshot prediction.png
click "Rub out"
drag Edited 0.6 0.6 0.8 0.8
wait picture
screenshot rubbed.png
click Clear
wait picture
hover Original
screenshot cleared.png
click "Strength 1" 0.95 0.5
wait picture
screenshot stronger.png
click Inspect
screenshot nothing.png
click Measure
wait idle
screenshot layers.png
click "Show log"
screenshot log.png
click "Map file"
key ctrl+a
type compared.png
click "Show map"
sleep 0.3
screenshot map.png
scroll Controls 30
screenshot device.png
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
  // The region's colour on the picture, and what the edit draws there.
  CHECK(changed_pixels(folder / "painted.png", folder / "rubbed.png") > 500);
  CHECK(changed_pixels(folder / "compared.png", folder / "cleared.png") < 500);
  CHECK(changed_pixels(folder / "cleared.png", folder / "stronger.png") > 2'000);
  const char* pages[] = {"nothing.png", "layers.png", "log.png", "map.png"};
  for (int i = 1; i < 4; i++)
    CHECK(changed_pixels(folder / pages[i - 1], folder / pages[i]) > 2'000);
  // The cancelled picture was not kept, the drawn one was, with its settings.
  int pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder / "out")) {
    pictures++;
    const std::string png = content(entry.path());
    CHECK(png.find("a red circle\nSteps: 4, Sampler: DDIM") != std::string::npos);
  }
  CHECK(pictures == 2);  // and both of Compare as one
  CHECK(fs::exists(folder / "edit.safetensors"));
  CHECK(fs::exists(folder / "edit.run/loss.png"));
  const std::string kept = content(folder / "config/lacuna/viewer.json");
  CHECK(kept.find("a red circle") != std::string::npos);
  CHECK(kept.find("\"region_mode\": \"prediction\"") != std::string::npos);
}

TEST_CASE("a run in the window is the command line's, and the command line resumes it" *
          needs_device()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  const std::string options =
      "erase esd --concept red --auto none --iterations 8 --trajectories 2 --steps 3 --warmup 0 "
      "--model pico";
  const auto cli = [&](const std::string& arguments) {
    return status_of("cd \"" + folder.path().string() + "\" && \"" LACUNA_PROGRAM "\" " +
                     arguments + " > said 2>&1");
  };
  REQUIRE(cli(options + " --out whole.safetensors") == 0);
  // The window is closed while the run trains: its state is saved.
  const int status = view(folder.path(), "--model pico", R"(
wait model
wait idle
click Steps
key ctrl+a
type 2
key tab
click Erase
click Method
click Method/esd
click concept
type red
click iterations
type 8
click out
type part.safetensors
click "More options"
click auto
type none
click trajectories
type 2
click steps
type 3
click warmup
type 0
click Start
wait iteration 2 200
key ctrl+p
wait paused
click "Save edit"
wait file part-*.safetensors
screenshot paused.png
click Pause
quit
)");
  INFO(content(folder / "said"));
  REQUIRE(status == 0);
  CHECK(fs::exists(folder / "part.run/state.safetensors"));
  // What was saved in the pause is an edit that other verbs read.
  CHECK(cli("diff \"" LACUNA_SOURCE_DIR "/assets/pico\" part-*.safetensors") == 0);
  CHECK(content(folder / "said").find("attn2") != std::string::npos);
  REQUIRE(cli(options + " --out part.safetensors --resume") == 0);
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
