// The window among other programs: a broken model, pictures for the clipboard, drops, another
// device that presents, and the window closed while it draws.
#include <stb_image_write.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <random>
#include <thread>

#include "base/file.h"
#include "base/tensors/safetensors.h"
#include "pictures/image.h"
#include "tests/device.h"
#include "tests/temporary.h"
#include "tests/viewer/play.h"
#include "tests/viewer/x_client.h"

using namespace lacuna;
using namespace lacuna::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* script = R"(
wait model
click "Choose another model"
click "Use pico"
wait model
wait idle
click Prompt
type "a red circle"
click Steps
key ctrl+a
type 3
key tab
key ctrl+enter
wait picture
click "Copy picture"
screenshot copied.png
wait file pasted
wait widget "File large.png"
key ctrl+shift+c
screenshot copied-large.png
wait file pasted-large
click "Copy settings"
screenshot copied-text.png
wait file pasted-text
drop photo.JPG
wait widget "File photo.JPG"
click "Copy settings"
screenshot copied-nothing.png
wait file pasted-nothing
click "Copy picture"
screenshot copied-photo.png
wait file pasted-photo
key ctrl+s
click "File name"
key ctrl+a
type photo.png
click Save
report
click Prompt
key ctrl+a
type "something else"
key tab
click "Picture 1"
sleep 0.3
key ctrl+s
click "File name"
key ctrl+a
type copy.png
click Save
drop screen
drop none.safetensors
sleep 0.1
screenshot refused.png
drop some.safetensors
wait widget "Edit 1"
screenshot dropped.png
click "Remove 1"
drop single
wait idle
wait model
drop single.safetensors
wait idle
wait model
screenshot single.png
click Steps
key ctrl+a
type 200
key tab
key ctrl+enter
wait step 2
quit
)";

// Larger than what the clipboard gives at once: noise does not compress.
std::string large_picture() {
  Image image = blank_image(420, 300, 0);
  std::minstd_rand random(1);
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(random() >> 8);
  const std::vector<std::byte> png =
      encode_png(image, {{"parameters", "noise\nSteps: 7, Seed: 3"}});
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

std::string photograph() {
  const Image image = blank_image(24, 16, 90);
  std::string jpeg;
  const auto write = [](void* to, void* bytes, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes),
                                          static_cast<size_t>(size));
  };
  REQUIRE(stbi_write_jpg_to_func(write, &jpeg, image.width, image.height, 3, image.rgb.data(), 90));
  return jpeg;
}

fs::path only_picture(const fs::path& folder) {
  REQUIRE(fs::exists(folder));
  const fs::directory_iterator entries(folder);
  REQUIRE(entries != fs::directory_iterator());
  return entries->path();
}

#ifdef LACUNA_XCB
void use_other_program(const fs::path& folder, const std::function<void(const char*)>& wait_for) {
  const std::string large = large_picture();
  std::ofstream(folder / "large.png", std::ios::binary) << large;
  wait_for("copied.png");
  XClient other(folder / "screen");
  CHECK(other.targets() == std::vector<std::string>{"TARGETS", "TIMESTAMP", "image/png"});
  CHECK(other.paste("TIMESTAMP").size() == 4);
  CHECK(other.paste("text/plain").empty());
  int pieces = 0;
  CHECK(other.paste("image/png", &pieces) == content(only_picture(folder / "out")));
  CHECK(pieces == 0);
  std::ofstream(folder / "pasted") << "";
  other.drop(folder / "large.png");
  wait_for("copied-large.png");
  CHECK(other.paste("image/png", &pieces) == large);
  CHECK(pieces > 1);
  other.be_hostile();
  CHECK(other.paste("image/png") == large);
  std::ofstream(folder / "pasted-large") << "";
  // A text takes the picture's place.
  wait_for("copied-text.png");
  CHECK(other.paste("image/png").empty());
  CHECK(other.paste("UTF8_STRING").find("Steps: 7") != std::string::npos);
  std::ofstream(folder / "pasted-text") << "";
  // A photograph says nothing about itself, and leaves here as a PNG.
  wait_for("copied-nothing.png");
  CHECK(other.paste("UTF8_STRING").find("Steps: 7") != std::string::npos);
  std::ofstream(folder / "pasted-nothing") << "";
  wait_for("copied-photo.png");
  const std::string png = other.paste("image/png");
  REQUIRE(is_png(std::as_bytes(std::span(png))));
  CHECK(decode_image(std::as_bytes(std::span(png)), "pasted").rgb ==
        load_image(folder / "photo.JPG").rgb);
  std::ofstream(folder / "pasted-photo") << "";
}
#else
void use_other_program(const fs::path& folder, const std::function<void(const char*)>&) {
  MESSAGE("skipped: no libxcb to be another program with (apt install libxcb1-dev)");
  std::ofstream(folder / "large.png", std::ios::binary) << large_picture();
}
#endif

}  // namespace

TEST_CASE("a broken model and a way out; the clipboard; drops; another device presents" *
          needs_device()) {
  NEEDS_SCREEN();
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "broken");
  // The folder is a model itself and lends its configuration to the file.
  fs::create_directory_symlink(fs::path(LACUNA_SOURCE_DIR) / "assets/pico", folder / "single");
  write_safetensors(folder / "some.safetensors",
                    {{"conv_out.bias",
                      FileDType::f32,
                      {4},
                      [](std::span<std::byte> to) { std::ranges::fill(to, std::byte{0}); }}},
                    {}, Overwrite::no);
  REQUIRE(status_of("cd \"" + folder.path().string() +
                    "\" && \"" LACUNA_PROGRAM
                    "\" export --edit some.safetensors --checkpoint single.safetensors > said "
                    "2>&1") == 0);
  std::ofstream(folder / "photo.JPG", std::ios::binary) << photograph();
  std::string played = script;
#ifndef LACUNA_XCB
  for (const char* file :
       {"pasted", "pasted-large", "pasted-text", "pasted-nothing", "pasted-photo"})
    std::ofstream(folder / file) << "";
  played.replace(played.find("wait widget \"File"), 0, "drop large.png\n");
#endif
  std::future<int> viewer = std::async(std::launch::async, [&] {
    return view(folder.path(), "--model broken --present-on 0 --validation", played);
  });
  const auto over = [&] {
    return viewer.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready;
  };
  try {
    use_other_program(folder.path(), [&](const char* file) {
      while (!fs::exists(folder / file))
        if (over()) throw std::runtime_error("the viewer ended early");
    });
  } catch (const std::runtime_error& e) { FAIL_CHECK(e.what()); }
  CHECK(viewer.get() == 0);
  INFO(content(folder / "said"));
  CHECK(content(folder / "said").find("textures 0 straight from the device") != std::string::npos);
  CHECK(load_image(folder / "photo.png").rgb == load_image(folder / "photo.JPG").rgb);
  const std::string saved = content(folder / "photo.png");
  CHECK(is_png(std::as_bytes(std::span(saved))));
  // The click in the strip took the picture's settings up again, the drop the other model.
  CHECK(content(folder / "copy.png") == content(only_picture(folder / "out")));
  const std::string kept = content(folder / "config/lacuna/viewer.json");
  CHECK(kept.find("\"prompt\": \"a red circle\"") != std::string::npos);
  CHECK(kept.find("\"seed_locked\": true") != std::string::npos);
  CHECK(kept.find("single.safetensors\"") != std::string::npos);
}
