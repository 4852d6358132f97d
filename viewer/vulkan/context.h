// What all panels share.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "viewer/panels/file_browser.h"
#include "viewer/panels/gallery.h"
#include "viewer/platform/clipboard.h"
#include "viewer/platform/window.h"
#include "viewer/settings.h"
#include "viewer/vulkan/pictures.h"
#include "viewer/worker/worker.h"

namespace lacuna::viewer {

enum class Tab { sample, compare, erase, inspect };

struct Context {
  Window& window;
  Worker& worker;
  Gallery& gallery;
  Pictures& pictures;
  Settings& settings;
  std::string device;     // as --device takes it
  std::string precision;  // as --precision takes it

  Snapshot now = {};
  Tab tab = Tab::sample;
  std::vector<EditChoice> edits = {};
  // One sentence at the foot of the window, until the next.
  std::string notice = {};
  bool notice_bad = false;
  // The picture of the gallery that is in view instead of the last one drawn.
  std::optional<OpenedPicture> opened = {};
  std::unique_ptr<Clipboard> clipboard = {};  // from the first copied picture on
  FileBrowser browser{settings.browser, Window::wake};
  std::mt19937_64 dice{std::random_device{}()};

  void say(std::string text, bool bad = false) {
    notice = std::move(text);
    notice_bad = bad;
  }
  // Asks for a picture of the form, with the edits that are on.
  void draw(bool compare, const std::vector<float>& inside);
  void add_edit(const std::filesystem::path& file);
  // Puts a PNG on the system's clipboard; false if it takes no pictures.
  bool copy(std::vector<std::byte> png);
  void open_model(const std::filesystem::path& folder);
  // Takes over what a picture says about itself.
  void take(const OpenedPicture& picture);
  bool can_draw() const { return now.model.ready && !now.erase.running; }
};

// The fields that Sample and Compare share.
void form_fields(Context& c);
// The edits, with switch, strength and removal; true if one changed.
bool edit_fields(Context& c);
// Draw or Cancel, the progress bar and what went wrong.
void draw_controls(Context& c, const char* name, const char* explanation, bool compare,
                   const std::vector<float>& inside);

// "1:05": minutes and seconds.
std::string clock_text(double seconds);

}  // namespace lacuna::viewer
