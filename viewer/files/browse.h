// The file browser without its window: which folder is in view, what of it is shown, what is
// selected, what is chosen in the end. It reads no folder itself: wanted() names the one to read,
// show() takes the listing.
#pragma once

#include <optional>

#include "viewer/files/listing.h"

namespace lacuna::viewer {

enum class Choose { file, folder, file_or_folder, save };

struct BrowseRequest {
  std::string title;
  Choose choose = Choose::file;
  FileKind kind = FileKind::all;
  std::filesystem::path start = {};  // the path that a field holds, or a name to save as
  std::string ending = {};           // of what is saved: added to a name without one
};

enum class SortBy { name, size, time };

class Browse {
 public:
  static constexpr int none = -1;

  // Begins at the request's path, or in `folder` if it has none or a bare name.
  void open(BrowseRequest request, const std::filesystem::path& folder);
  const BrowseRequest& request() const { return request_; }

  // The folder to read, once.
  std::optional<std::filesystem::path> wanted();
  void show(Listing listing);
  bool reading() const { return reading_; }

  void go(const std::filesystem::path& path);  // to a folder, or to a file in its folder
  void go_typed(const std::string& text);      // the same; ~ is the home folder
  void up();
  void back();
  void forward();
  void refresh();
  bool can_go_up() const { return folder() != folder().parent_path(); }
  bool can_go_back() const { return at_ > 0; }
  bool can_go_forward() const { return at_ + 1 < visited_.size(); }

  const std::filesystem::path& folder() const { return listing_.folder; }
  // One sentence about what went wrong; mostly empty.
  const std::string& error() const { return error_; }
  std::string summary() const;  // "2 folders, 14 files"

  // What is shown of the folder, and in which order.
  int rows() const { return static_cast<int>(rows_.size()); }
  const FileEntry& row(int i) const;
  void filter(const std::string& text);  // names that contain it, in any case
  void only_kind(bool only);             // false: files of every kind
  void hidden_files(bool shown);
  void sort(SortBy by, bool descending);
  bool only_kind() const { return only_kind_; }
  bool hidden_files() const { return hidden_; }

  int selected() const { return selected_; }
  void select(int row);
  void move(int rows);  // the selection, as arrow keys do; stays inside
  void activate();      // Enter or a double click: opens the folder, chooses the file
  void confirm();       // the button: chooses the folder, too
  bool can_confirm() const;
  const char* confirm_text() const;

  std::string name;                             // of what is saved
  void make_folder(const std::string& called);  // and goes there
  // The file that exists and would be replaced: waits for an answer; empty: no question.
  const std::filesystem::path& asks_to_replace() const { return replaced_; }
  void replace(bool yes);

  struct Chosen {
    std::filesystem::path path;  // absolute
    bool replace = false;        // the user agreed that the file there is lost
  };
  std::optional<Chosen> take_chosen();

 private:
  enum class Way { on, back, forward, again };
  void want(const std::filesystem::path& path, Way way);
  void visited();
  void arrange();
  void select_path(const std::filesystem::path& path);
  bool shows(const FileEntry& e) const;
  bool chooses_folder(const FileEntry& e) const;
  void choose(const std::filesystem::path& path, bool replace = false);
  void save();

  BrowseRequest request_;
  Listing listing_;
  std::vector<size_t> rows_;  // indices of entries
  std::vector<std::filesystem::path> visited_;
  size_t at_ = 0;  // of visited_
  std::optional<std::filesystem::path> wanted_;
  Way way_ = Way::on;
  std::filesystem::path select_next_, replaced_;
  bool reading_ = false, opening_ = false, only_kind_ = true, hidden_ = false, descending_ = false;
  SortBy by_ = SortBy::name;
  std::string filter_, error_;  // the filter is folded
  int selected_ = none;
  std::optional<Chosen> chosen_;
};

}  // namespace lacuna::viewer
