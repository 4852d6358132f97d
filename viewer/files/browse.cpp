#include "viewer/files/browse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "viewer/files/names.h"
#include "viewer/platform/places.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

std::string counted(size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

void Browse::open(BrowseRequest request, const fs::path& folder) {
  const bool hidden = hidden_;
  *this = Browse();
  hidden_ = hidden;
  request_ = std::move(request);
  opening_ = true;
  const fs::path& start = request_.start;
  const bool bare = !start.has_parent_path() && !start.has_root_path();
  if (request_.choose == Choose::save) name = name_text(start.filename());
  want(bare ? folder / start : start, Way::on);
}

void Browse::want(const fs::path& path, Way way) {
  wanted_ = path;
  way_ = way;
  reading_ = true;
  filter_.clear();  // what is typed from now on is meant for the next folder
  error_.clear();
  replaced_.clear();
}

std::optional<fs::path> Browse::wanted() { return std::exchange(wanted_, {}); }

void Browse::show(Listing listing) {
  const bool moved = listing.folder != listing_.folder;
  const fs::path kept =
      !moved && selected_ != none && way_ == Way::again ? row(selected_).path : fs::path();
  listing_ = std::move(listing);
  reading_ = false;
  error_ = listing_.error;
  const bool saves = request_.choose == Choose::save, named = !listing_.file.empty();
  // What a field or a name to save as speaks of need not be there yet.
  if (listing_.missing && (opening_ || (saves && named))) error_.clear();
  if (saves && named) name = name_text(listing_.file.filename());
  if (saves && opening_ && !named && !listing_.missing) name.clear();  // the field named a folder
  // The model that a field names is shown among others, not from within.
  if (std::exchange(opening_, false) && listing_.model && !request_.start.empty() &&
      request_.kind == FileKind::models)
    return up();
  visited();
  selected_ = none;
  arrange();
  const fs::path select = std::exchange(select_next_, {});
  select_path(named ? listing_.file : !select.empty() ? select : kept);
}

void Browse::visited() {
  if (way_ == Way::back && at_ > 0) at_--;
  if (way_ == Way::forward && can_go_forward()) at_++;
  if (way_ != Way::on || (!visited_.empty() && visited_[at_] == listing_.folder)) return;
  if (!visited_.empty()) visited_.resize(at_ + 1);
  visited_.push_back(listing_.folder);
  at_ = visited_.size() - 1;
}

void Browse::go(const fs::path& path) { want(path, Way::on); }

void Browse::go_typed(const std::string& text) {
  const std::string typed(trimmed(text));
  const bool home = typed == "~" || typed.starts_with("~/") || typed.starts_with("~\\");
  if (typed.empty()) return;
  go(home ? home_folder() / utf8_path(typed.substr(std::min<size_t>(2, typed.size())))
          : folder() / utf8_path(typed));
}

void Browse::up() {
  if (!can_go_up()) return;
  select_next_ = folder();
  want(folder().parent_path(), Way::on);
}

void Browse::back() {
  if (can_go_back()) want(visited_[at_ - 1], Way::back);
}

void Browse::forward() {
  if (can_go_forward()) want(visited_[at_ + 1], Way::forward);
}

void Browse::refresh() { want(folder(), Way::again); }

std::string Browse::summary() const {
  const auto folders = static_cast<size_t>(std::ranges::count_if(
      listing_.entries, [&](const FileEntry& e) { return e.folder && (hidden_ || !e.hidden); }));
  const auto all = static_cast<size_t>(std::ranges::count_if(
      listing_.entries, [&](const FileEntry& e) { return hidden_ || !e.hidden; }));
  std::string text = counted(folders, "folder") + ", " + counted(all - folders, "file");
  if (all != rows_.size()) text += fmt::format("; {} of them shown", rows_.size());
  return text;
}

const FileEntry& Browse::row(int i) const {
  return listing_.entries[rows_[static_cast<size_t>(i)]];
}

bool Browse::shows(const FileEntry& e) const {
  if (e.hidden && !hidden_) return false;
  if (!filter_.empty() && e.folded.find(filter_) == std::string::npos) return false;
  if (e.folder) return true;
  if (request_.choose == Choose::folder) return false;
  return !only_kind_ || is_of_kind(e.path, request_.kind);
}

void Browse::arrange() {
  const fs::path before = selected_ != none ? row(selected_).path : fs::path();
  rows_.clear();
  for (size_t i = 0; i < listing_.entries.size(); i++)
    if (shows(listing_.entries[i])) rows_.push_back(i);
  // The entries are in natural order; among equals it stays.
  const auto comes_first = [&](size_t i, size_t j) {
    const FileEntry &a = listing_.entries[i], &b = listing_.entries[j];
    if (a.folder != b.folder) return a.folder;
    if (by_ == SortBy::name) return descending_ ? i > j : i < j;
    const auto [x, y] = by_ == SortBy::size ? std::pair(static_cast<int64_t>(a.bytes),
                                                        static_cast<int64_t>(b.bytes))
                                            : std::pair(a.modified, b.modified);
    return descending_ ? x > y : x < y;
  };
  if (by_ != SortBy::name || descending_) std::ranges::stable_sort(rows_, comes_first);
  selected_ = none;
  select_path(before);
  if (selected_ == none && !filter_.empty() && !rows_.empty()) selected_ = 0;
}

void Browse::select_path(const fs::path& path) {
  if (path.empty()) return;
  for (int i = 0; i < rows(); i++)
    if (row(i).path == path) selected_ = i;
}

void Browse::filter(const std::string& text) {
  const std::string folded = fold(trimmed(text));
  if (folded == filter_) return;
  filter_ = folded;
  arrange();
}

void Browse::only_kind(bool only) {
  only_kind_ = only;
  arrange();
}

void Browse::hidden_files(bool shown) {
  hidden_ = shown;
  arrange();
}

void Browse::sort(SortBy by, bool descending) {
  if (by == by_ && descending == descending_) return;
  by_ = by;
  descending_ = descending;
  arrange();
}

void Browse::select(int i) {
  selected_ = std::clamp(i, none, rows() - 1);
  if (request_.choose == Choose::save && selected_ != none && !row(selected_).folder)
    name = name_text(row(selected_).path.filename());
}

void Browse::move(int by) {
  if (rows_.empty()) return;
  const int from = selected_ == none && by > 0 ? -1 : selected_ == none ? rows() : selected_;
  select(std::clamp(from + by, 0, rows() - 1));
}

bool Browse::chooses_folder(const FileEntry& e) const {
  return request_.choose == Choose::file_or_folder && request_.kind == FileKind::models && e.model;
}

void Browse::activate() {
  if (reading_ || selected_ == none) return;
  const FileEntry& e = row(selected_);
  if (e.folder && !chooses_folder(e)) return go(e.path);
  if (request_.choose == Choose::save) return save();
  choose(e.path);
}

bool Browse::can_confirm() const {
  if (reading_ || !replaced_.empty()) return false;
  if (request_.choose == Choose::save) return !trimmed(name).empty();
  if (selected_ != none || request_.choose == Choose::folder) return true;
  return request_.choose == Choose::file_or_folder &&
         (request_.kind != FileKind::models || listing_.model);
}

const char* Browse::confirm_text() const {
  if (request_.choose == Choose::save) return "Save";
  const bool here = request_.choose != Choose::file && selected_ == none;
  return here && can_confirm() ? "Choose this folder" : "Choose";
}

void Browse::confirm() {
  if (!can_confirm()) return;
  if (request_.choose == Choose::save) return save();
  if (selected_ == none) return choose(folder());
  const FileEntry& e = row(selected_);
  const bool enters =
      request_.choose == Choose::file ||
      (request_.choose == Choose::file_or_folder && request_.kind == FileKind::models && !e.model);
  if (e.folder && enters) return go(e.path);
  choose(e.path);
}

void Browse::save() {
  fs::path target = tidy(folder() / utf8_path(trimmed(name)));
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) return go(target);
  const std::string ending = name_text(target.extension());
  if (ending.empty()) target += request_.ending;
  if (!ending.empty() && !request_.ending.empty() && lower_ascii(ending) != request_.ending) {
    error_ = fmt::format("{} does not end in {}; change its name",
                         printable(name_text(target.filename())), request_.ending);
    return;
  }
  if (fs::exists(target, ignored))
    replaced_ = target;
  else
    choose(target);
}

void Browse::replace(bool yes) {
  const fs::path file = std::exchange(replaced_, {});
  if (yes && !file.empty()) choose(file, true);
}

void Browse::make_folder(const std::string& called) {
  try {
    const fs::path made = tidy(folder() / utf8_path(trimmed(called)));
    lacuna::make_folder(made);
    go(made);
  } catch (const std::exception& e) { error_ = printable(e.what()); }
}

void Browse::choose(const fs::path& path, bool replace) {
  if (!can_be_typed(name_text(path))) {
    error_ = fmt::format("{} holds characters that cannot be typed; rename it, or its folder",
                         printable(name_text(path)));
    return;
  }
  chosen_ = Chosen{path, replace};
}

std::optional<Browse::Chosen> Browse::take_chosen() { return std::exchange(chosen_, {}); }

}  // namespace lacuna::viewer
