// The dialog in which files and folders are chosen, for whoever asks: a field opens it with its own
// id and takes what was chosen for it in a later frame.
#pragma once

#include <imgui.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "viewer/files/browse.h"
#include "viewer/files/lister.h"
#include "viewer/settings.h"

namespace lacuna::viewer {

// A folder that is one click away.
struct Place {
  std::string name;
  std::filesystem::path folder;
};

class FileBrowser {
 public:
  // `changed` is called from another thread when a folder was read. The settings must outlive it.
  FileBrowser(BrowserSettings& settings, std::function<void()> changed)
      : settings_(settings), lister_(std::move(changed)) {}

  // Opens in the folder of the request's path, or in the last one of its kind.
  void open(ImGuiID owner, BrowseRequest request, std::vector<Place> places);
  std::optional<Browse::Chosen> take(ImGuiID owner);
  bool is_open() const { return open_; }
  void go(const std::filesystem::path& path) { browse_.go(path); }
  // In every frame, after all other windows; if another dialog is open, before its end.
  void draw();

 private:
  enum class Field { none, filter, path, name, new_folder };
  void update();
  void keys();
  void bar();
  void places(float height);
  void list(float height);
  void head();
  void row(int i);
  void foot();
  void filters();
  std::string message() const;
  void make_folder();
  void confirm();
  void buttons();
  float foot_height() const;
  Field usual_field() const;
  void reload(Field focus);  // the fields show what their texts are now
  bool field(Field which, const char* mark, const char* hint, std::string& text, float width);
  void close();

  BrowserSettings& settings_;
  Lister lister_;
  Browse browse_;
  std::vector<Place> places_;
  ImGuiID owner_ = 0;
  std::optional<Browse::Chosen> chosen_;
  bool asked_ = false, open_ = false;
  bool kinds_open_ = false;  // the list of kinds: Esc is for it
  bool reveal_ = false;      // the selected row is to be scrolled to
  bool naming_ = false;      // a new folder is to get its name
  Field focus_ = Field::none;
  // Fields get another id when their text is changed under the cursor.
  int serial_ = 0, path_serial_ = 0;
  int page_ = 10;                // rows in view
  std::filesystem::path shown_;  // the folder of path_
  std::string path_, filter_, new_folder_;
};

}  // namespace lacuna::viewer
