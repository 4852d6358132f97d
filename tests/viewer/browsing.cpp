// The file browser in the window, played by a script: a model, an edit, an option of Erase, a
// region and a name to save as are chosen with keys and mouse alone.
#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/tensors/safetensors.h"
#include "pictures/image.h"
#include "tests/device.h"
#include "tests/temporary.h"
#include "tests/viewer/play.h"

using namespace lacuna;
using namespace lacuna::test;
namespace fs = std::filesystem;

namespace {

// The last folders of each kind are remembered; "Current folder" leads home in all of them.
constexpr const char* script = R"(
wait model
wait idle
key ctrl+o
click "Browse Model"
click "Place Current folder"
wait widget "Entry models"
screenshot model.png
type MOD
key enter
wait widget "Entry pico"
key down
key enter
wait idle
wait model
click Compare
click "Browse Edit file"
click "Place Current folder"
wait widget "Entry edits"
doubleclick "Entry edits"
wait widget "Entry zero.safetensors"
doubleclick "Entry zero.safetensors"
wait widget "Edit 1"
click "Region file"
wait widget "Entry deep"
key backspace
wait widget "Entry mask.png"
type mask
key enter
sleep 0.1
screenshot region.png
click Erase
click Method
click Method/esd
click "Browse prompts"
wait widget Filter
key escape
sleep 0.1
click "Browse prompts"
click "Place Current folder"
wait widget "Entry many"
click "Entry many"
key enter
wait widget "Entry 10.txt"
key pagedown
screenshot many.png
click Path
key ctrl+a
type "no such folder"
key enter
sleep 0.2
screenshot missing.png
click "Hidden files"
click "Place Current folder"
wait widget "Entry .hidden.txt"
click "Hidden files"
type many
key enter
wait widget "Entry 10.txt"
type "red w"
wait widget "Entry red words.txt"
key enter
sleep 0.1
click concept
type red
click Sample
wait widget Steps
click Steps
key ctrl+a
type 1
key tab
key ctrl+enter
wait picture
key ctrl+s
click "Place Current folder"
wait widget "Entry old.png"
click "New folder"
type fresh
key enter
wait file fresh
click Save
wait file fresh/*.png
key ctrl+s
click Save
wait widget Replace
screenshot asks.png
click Leave
key ctrl+a
type "../old"
key enter
wait widget Replace
key escape
key enter
wait widget Replace
key ctrl+enter
sleep 0.3
screenshot end.png
quit
)";

}  // namespace

TEST_CASE("files and folders are chosen in the window, and none is typed" * needs_validation()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  fs::create_directories(folder / "edits/deep");
  for (const char* name : {"models", "many"}) fs::create_directory(folder / name);
  fs::create_directory_symlink(fs::path(LACUNA_SOURCE_DIR) / "assets/pico", folder / "models/pico");
  write_safetensors(folder / "edits/zero.safetensors",
                    {{"conv_out.bias",
                      FileDType::f32,
                      {4},
                      [](std::span<std::byte> to) { std::ranges::fill(to, std::byte{0}); }}},
                    {}, Overwrite::no);
  write_file(folder / "mask.png", encode_png(blank_image(64, 64, 255)), Overwrite::no);
  for (const char* name :
       {"old.png", ".hidden.txt", "many/red words.txt", "many/odd\n##%s\xff.txt"})
    std::ofstream(folder / name) << "red\n";
  for (int i = 0; i < 5000; i++)
    std::ofstream(folder / ("many/" + std::to_string(i) + ".txt")) << "red\n";
  const int status = view(folder.path(), "--validation --model pico", script);
  INFO(content(folder / "said"));
  REQUIRE(status == 0);
  const std::string kept = content(folder / "config/lacuna/viewer.json");
  INFO(kept);
  const auto keeps = [&](const std::string& what) { return kept.find(what) != std::string::npos; };
  CHECK(keeps("\"model\": \"" + (folder / "models/pico").string()));
  CHECK(keeps("\"--prompts\": \"" + (folder / "many/red words.txt").string()));
  CHECK(keeps("\"edits\": \"" + (folder / "edits").string()));
  CHECK(keeps("\"texts\": \"" + (folder / "many").string()));
  CHECK(keeps("\"hidden\": false"));
  // The first copy lies in the folder that was made for it; the second one took the old file's
  // place, which was asked for each time.
  const fs::path first = fs::directory_iterator(folder / "fresh")->path();
  CHECK(content(first) == content(folder / "old.png"));
  const std::string copy = content(first);
  CHECK(is_png(std::as_bytes(std::span(copy))));
}
