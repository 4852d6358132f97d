// The file browser without its window: what a user's keys and clicks come to.
#include "viewer/files/browse.h"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

#include "tests/temporary.h"
#include "viewer/files/names.h"
#include "viewer/platform/places.h"

using namespace lacuna;
using namespace lacuna::viewer;
namespace fs = std::filesystem;

namespace {

void touch(const fs::path& file, const std::string& text = "") {
  std::ofstream(file, std::ios::binary) << text;
}

Listing listing_of(const fs::path& path) {
  const std::atomic<bool> stop = false;
  return read_listing(path, stop);
}

// What the thread beside the window does.
void settle(Browse& b) {
  if (const auto wanted = b.wanted()) b.show(listing_of(*wanted));
}

Browse opened(BrowseRequest request, const fs::path& folder) {
  Browse b;
  b.open(std::move(request), folder);
  settle(b);
  return b;
}

std::vector<std::string> names(const Browse& b) {
  std::vector<std::string> all;
  for (int i = 0; i < b.rows(); i++) all.push_back(b.row(i).name);
  return all;
}

int find(const Browse& b, const std::string& name) {
  for (int i = 0; i < b.rows(); i++)
    if (b.row(i).name == name) return i;
  return Browse::none;
}

fs::path chosen(Browse& b) {
  const auto all = b.take_chosen();
  return all ? all->path : fs::path();
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the browser begins at the field's file, in its folder, or in the last one") {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "in");
  touch(folder / "in/a.png");
  touch(folder / "in/b.png");
  const BrowseRequest any{"", Choose::file, FileKind::images};
  Browse b = opened(any, folder / "in");
  CHECK(b.folder() == folder / "in");
  CHECK(b.selected() == Browse::none);
  BrowseRequest of_field = any;
  of_field.start = folder / "in/b.png";
  b = opened(of_field, "/");
  CHECK(b.folder() == folder / "in");
  CHECK(b.row(b.selected()).name == "b.png");
  of_field.start = folder / "gone/away.png";
  b = opened(of_field, "/");
  CHECK(b.folder() == folder.path());
  CHECK(b.error().empty());  // nobody typed it just now
  of_field.start = "b.png";
  b = opened(of_field, folder / "in");
  CHECK(b.row(b.selected()).name == "b.png");
}

TEST_CASE("files of one kind, of all, hidden ones, and those whose name contains a text") {
  const tests::TemporaryFolder folder;
  for (const char* name :
       {"a.png", "B.JPG", "c.txt", "d.csv", "e.safetensors", "f.jsonl", ".g.png"})
    touch(folder / name);
  fs::create_directory(folder / "sub");
  const auto seen = [&](FileKind kind, Choose choose = Choose::file) {
    return names(opened({"", choose, kind}, folder.path()));
  };
  CHECK(seen(FileKind::images) == Names{"sub", "a.png", "B.JPG"});
  CHECK(seen(FileKind::texts) == Names{"sub", "c.txt", "d.csv"});
  CHECK(seen(FileKind::models) == Names{"sub", "e.safetensors"});
  CHECK(seen(FileKind::edits) == Names{"sub", "e.safetensors"});
  CHECK(seen(FileKind::logs) == Names{"sub", "f.jsonl"});
  CHECK(seen(FileKind::all).size() == 7);
  CHECK(seen(FileKind::all, Choose::folder) == Names{"sub"});
  Browse b = opened({"", Choose::file, FileKind::images}, folder.path());
  CHECK(b.summary() == "1 folder, 6 files; 3 of them shown");
  b.only_kind(false);
  CHECK(b.rows() == 7);
  b.hidden_files(true);
  CHECK(b.rows() == 8);
  b.filter("B.j");
  CHECK(names(b) == Names{"B.JPG"});
  CHECK(b.selected() == 0);  // so that Enter takes it
  b.filter("nothing like it");
  CHECK(b.rows() == 0);
  CHECK(b.selected() == Browse::none);
  b.activate();
  CHECK(chosen(b).empty());
  b.filter("");
  CHECK(b.rows() == 8);
}

TEST_CASE("files are sorted by size and time; folders stay first, the selection stays") {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "z");
  const auto now = fs::file_time_type::clock::now();
  int age = 0;
  for (const char* name : {"a", "b", "c"}) {
    touch(folder / name, std::string(static_cast<size_t>(name[0] == 'b' ? 9 : 2), 'x'));
    fs::last_write_time(folder / name, now - std::chrono::hours(age++));
  }
  Browse b = opened({}, folder.path());
  b.select(find(b, "a"));
  b.sort(SortBy::size, true);
  CHECK(names(b) == Names{"z", "b", "a", "c"});
  b.sort(SortBy::time, false);
  CHECK(names(b) == Names{"z", "c", "b", "a"});
  CHECK(b.row(b.selected()).name == "a");
  b.sort(SortBy::name, true);
  CHECK(names(b) == Names{"z", "c", "b", "a"});
}

TEST_CASE("into folders, up, back and forward; the path line") {
  const tests::TemporaryFolder folder;
  fs::create_directories(folder / "a/b");
  touch(folder / "a/b/x.txt");
  Browse b = opened({}, folder.path());
  CHECK_FALSE(b.can_go_back());
  b.move(1);
  CHECK(b.row(b.selected()).name == "a");
  b.activate();
  CHECK(b.reading());
  settle(b);
  CHECK(b.folder() == folder / "a");
  b.go_typed("b");
  settle(b);
  CHECK(b.folder() == folder / "a/b");
  b.up();
  settle(b);
  CHECK(b.folder() == folder / "a");
  CHECK(b.row(b.selected()).name == "b");  // where one came from
  b.back();
  settle(b);
  CHECK(b.folder() == folder / "a/b");
  b.back();
  settle(b);
  b.back();
  settle(b);
  CHECK(b.folder() == folder.path());
  CHECK_FALSE(b.can_go_back());
  b.forward();
  settle(b);
  CHECK(b.folder() == folder / "a");
  CHECK(b.can_go_forward());
  b.go_typed("b/x.txt");
  settle(b);
  CHECK_FALSE(b.can_go_forward());  // another way was taken
  CHECK(b.row(b.selected()).name == "x.txt");
  b.activate();
  CHECK(chosen(b) == folder / "a/b/x.txt");
  b.go_typed("no such");
  settle(b);
  CHECK(b.error() == (folder / "a/b/no such").string() + " does not exist");
  CHECK(b.folder() == folder / "a/b");
  b.go_typed("~");
  settle(b);
  CHECK(b.folder() == tidy(home_folder()));
  b.go("/");
  settle(b);
  CHECK_FALSE(b.can_go_up());
}

TEST_CASE("a folder that vanishes leads to the next one above it") {
  const tests::TemporaryFolder folder;
  fs::create_directories(folder / "a/b");
  Browse b = opened({}, folder / "a/b");
  fs::remove_all(folder / "a");
  b.refresh();
  settle(b);
  CHECK(b.folder() == folder.path());
  CHECK(b.error().find("does not exist") != std::string::npos);
  CHECK(b.rows() == 0);
  b.move(1);
  b.activate();
  CHECK(chosen(b).empty());
}

TEST_CASE("models are folders that can be chosen; other folders are entered") {
  const tests::TemporaryFolder folder;
  fs::create_directories(folder / "models/sd");
  touch(folder / "models/sd/model_index.json");
  const BrowseRequest request{"", Choose::file_or_folder, FileKind::models};
  Browse b = opened(request, folder.path());
  CHECK_FALSE(b.can_confirm());  // nothing here is a model
  b.move(1);
  b.confirm();
  settle(b);
  CHECK(b.folder() == folder / "models");
  b.move(1);
  b.activate();
  CHECK(chosen(b) == folder / "models/sd");
  b = opened(request, folder / "models/sd");
  CHECK(b.can_confirm());
  b.confirm();
  CHECK(chosen(b) == folder / "models/sd");
  BrowseRequest of_field = request;
  of_field.start = folder / "models/sd";
  b = opened(of_field, "/");
  settle(b);
  CHECK(b.folder() == folder / "models");
  CHECK(b.row(b.selected()).name == "sd");
  CHECK_FALSE(b.can_go_back());
}

TEST_CASE("a folder is chosen by the button, whether selected or in view") {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "a");
  Browse b = opened({"", Choose::folder}, folder.path());
  CHECK(std::string(b.confirm_text()) == "Choose this folder");
  b.confirm();
  CHECK(chosen(b) == folder.path());
  b.move(1);
  b.confirm();
  CHECK(chosen(b) == folder / "a");
  b.activate();
  CHECK(chosen(b).empty());
  settle(b);
  CHECK(b.folder() == folder / "a");
  b.make_folder("new one");
  settle(b);
  CHECK(b.folder() == folder / "a/new one");
  touch(folder / "a/new one/file");
  b.make_folder("file");
  CHECK(b.error().find("cannot create the folder") != std::string::npos);
  // With files besides: the same.
  b = opened({"", Choose::file_or_folder}, folder / "a");
  b.confirm();
  CHECK(chosen(b) == folder / "a");
}

TEST_CASE(
    "a name to save as: its ending, folders in it, and a question before a file is replaced") {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  touch(folder / "old.png");
  const BrowseRequest request{"", Choose::save, FileKind::images, "0001.png", ".png"};
  Browse b = opened(request, folder.path());
  CHECK(b.name == "0001.png");
  CHECK(b.error().empty());
  b.confirm();
  CHECK(chosen(b) == folder / "0001.png");
  b.name = "copy";
  b.confirm();
  CHECK(chosen(b) == folder / "copy.png");
  b.name = "copy.jpg";
  b.confirm();
  CHECK(chosen(b).empty());
  CHECK(b.error() == "copy.jpg does not end in .png; change its name");
  b.name = " ";
  CHECK_FALSE(b.can_confirm());
  b.name = "sub";
  b.confirm();
  settle(b);
  CHECK(b.folder() == folder / "sub");
  b.name = "../old";
  b.confirm();
  CHECK(b.asks_to_replace() == folder / "old.png");
  CHECK_FALSE(b.can_confirm());
  b.replace(false);
  CHECK(b.asks_to_replace().empty());
  CHECK(chosen(b).empty());
  b.confirm();
  b.replace(true);
  const auto agreed = b.take_chosen();
  REQUIRE(agreed);
  CHECK(agreed->replace);
  CHECK(agreed->path == folder / "old.png");
  // Going elsewhere answers the question with no.
  b.confirm();
  b.up();
  settle(b);
  CHECK(b.asks_to_replace().empty());
  b.select(find(b, "old.png"));
  CHECK(b.name == "old.png");
  b.go_typed("sub/typed.png");
  settle(b);
  CHECK(b.folder() == folder / "sub");
  CHECK(b.name == "typed.png");
  CHECK(b.error().empty());
}

#ifndef _WIN32
TEST_CASE("names that cannot be typed are shown, entered, and not chosen") {
  const tests::TemporaryFolder folder;
  touch(folder / "a\nb.png");
  touch(folder / "\xff##x%s.png");
  fs::create_directory(folder / "in\n");
  touch(folder / "in\n/good.png");
  Browse b = opened({"", Choose::file, FileKind::images}, folder.path());
  REQUIRE(b.rows() == 3);
  for (int i = 1; i < 3; i++) {
    b.select(i);
    b.activate();
    CHECK(chosen(b).empty());
    CHECK(b.error().find("rename it") != std::string::npos);
    CHECK(can_be_typed(b.error()));
  }
  b.select(0);
  b.activate();
  settle(b);
  REQUIRE(names(b) == Names{"good.png"});
  b.select(0);
  b.activate();
  CHECK(chosen(b).empty());
}
#endif
