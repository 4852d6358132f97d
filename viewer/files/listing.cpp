#include "viewer/files/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "viewer/files/names.h"
#include "viewer/platform/places.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

std::string shown(const fs::path& path) { return printable(name_text(path)); }

int64_t unix_seconds(fs::file_time_type time) {
  const auto since = fs::file_time_type::clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

bool less(const FileEntry& a, const FileEntry& b) {
  if (a.folder != b.folder) return a.folder;
  if (a.folded != b.folded) return natural_less(a.folded, b.folded);
  return a.path.native() < b.path.native();
}

// False for what is neither folder nor file: sockets, devices, links to nothing.
bool describe(const fs::directory_entry& from, FileEntry& e) {
  std::error_code error, ignored;
  e.folder = from.is_directory(error);
  if (!e.folder && !from.is_regular_file(error)) return false;
  e.path = from.path();
  const std::string name = name_text(e.path.filename());
  e.name = printable(name);
  e.folded = fold(e.name);
  e.hidden = is_hidden(e.path);
  if (e.folder) {
    e.model = fs::exists(e.path / "model_index.json", ignored);
  } else {
    const auto size = from.file_size(error);
    if (!error) e.bytes = size;
  }
  const fs::file_time_type time = from.last_write_time(error);
  if (!error) e.modified = unix_seconds(time);
  return true;
}

void read_entries(Listing& l, const std::atomic<bool>& stop) {
  std::error_code error;
  fs::directory_iterator at(l.folder, error);
  for (const fs::directory_iterator end; !error && at != end && !stop; at.increment(error)) {
    if (l.entries.size() == most_entries_of_a_folder) {
      l.error = fmt::format("{} holds more than {} entries, of which these are the first ones",
                            shown(l.folder), most_entries_of_a_folder);
      break;
    }
    FileEntry e;
    if (!describe(*at, e)) continue;
    if (!e.folder && e.name == "model_index.json") l.model = true;
    l.entries.push_back(std::move(e));
  }
  if (error)
    l.error = fmt::format("{} cannot be read ({}); choose another folder", shown(l.folder),
                          error.message());
  std::ranges::sort(l.entries, less);
}

}  // namespace

std::string_view kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::models:
      return "Models (folders, .safetensors)";
    case FileKind::edits:
      return "Edits (.safetensors)";
    case FileKind::images:
      return "Images (.png, .jpg)";
    case FileKind::texts:
      return "Texts (.txt, .csv)";
    case FileKind::logs:
      return "Logs (.jsonl)";
    case FileKind::all:
      break;
  }
  return "All files";
}

bool is_of_kind(const fs::path& file, FileKind kind) {
  const std::string ending = lower_ascii(name_text(file.extension()));
  switch (kind) {
    case FileKind::models:
    case FileKind::edits:
      return ending == ".safetensors";
    case FileKind::images:
      return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
    case FileKind::texts:
      return ending == ".txt" || ending == ".csv";
    case FileKind::logs:
      return ending == ".jsonl";
    case FileKind::all:
      break;
  }
  return true;
}

fs::path tidy(const fs::path& path) {
  std::error_code error;
  fs::path whole = (path.empty() ? fs::current_path(error) : fs::absolute(path, error));
  if (error || whole.empty()) whole = drives().front();  // the current folder is gone
  whole = whole.lexically_normal();
  return !whole.has_filename() && whole.has_relative_path() ? whole.parent_path() : whole;
}

Listing read_listing(const fs::path& path, const std::atomic<bool>& stop) {
  Listing l;
  l.folder = tidy(path);
  std::error_code error;
  fs::file_status status = fs::status(l.folder, error);
  if (!fs::exists(status) && fs::status_known(status)) {
    l.error = fmt::format("{} does not exist", shown(l.folder));
    l.missing = true;
    l.file = l.folder;
    while (!fs::exists(status) && fs::status_known(status) && l.folder.has_relative_path()) {
      l.folder = l.folder.parent_path();
      status = fs::status(l.folder, error);
    }
    if (l.folder != l.file.parent_path()) l.file.clear();  // its folder is missing, too
  }
  if (fs::exists(status) && !fs::is_directory(status)) {
    l.file = l.folder;
    l.folder = l.folder.parent_path();
  }
  const std::string first = std::exchange(l.error, "");
  read_entries(l, stop);
  if (!first.empty()) l.error = first;
  return l;
}

}  // namespace lacuna::viewer
