// The file browser without its window: names, listings, and what a user's keys and clicks come to.
#include "viewer/files/browse.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>

#include "base/file.h"
#include "tests/temporary.h"
#include "viewer/files/lister.h"
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

TEST_CASE("names of any bytes become one line of text") {
  CHECK(printable("red \xc3\xbc \xe7\x8c\xab.png") == "red \xc3\xbc \xe7\x8c\xab.png");
  CHECK(printable("a\nb\x1b[2J\x7f") ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd[2J\xef\xbf\xbd");
  CHECK(printable("\xff\xfe.png") == "\xef\xbf\xbd\xef\xbf\xbd.png");
  CHECK(printable("x\xe2\x80\xaegnp.exe") == "x\xef\xbf\xbdgnp.exe");  // would be shown as exe.png
  CHECK(can_be_typed("red \xc3\xbc"));
  CHECK_FALSE(can_be_typed("a\nb"));
  CHECK_FALSE(can_be_typed("\xff"));
  std::minstd_rand random(3);
  for (int i = 0; i < 2000; i++) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() >> 8);
    const std::string text = printable(bytes);
    INFO(i);
    CHECK(can_be_typed(text));
    CHECK(printable(text) == text);
  }
}

TEST_CASE("names are in the order that people expect") {
  Names all = {"image10", "Image2", "image1", "\xc3\x84pfel", "image02",
               "image",   "10",     "9",      "009a"};
  std::ranges::sort(all,
                    [](const auto& a, const auto& b) { return natural_less(fold(a), fold(b)); });
  CHECK(all == Names{"9", "009a", "10", "image", "image1", "image02", "Image2", "image10",
                     "\xc3\x84pfel"});
  CHECK(fold("A\xcc\x88pfel") == fold("\xc3\x84PFEL"));  // composed or not
  // A strict order, whatever the names: sorting relies on it.
  std::minstd_rand random(1);
  Names some(60);
  for (std::string& name : some)
    for (size_t n = random() % 7; n > 0; n--) name += "019ab"[random() % 5];
  int wrong = 0;
  for (const auto& a : some)
    for (const auto& b : some) {
      const bool before = natural_less(a, b), after = natural_less(b, a);
      wrong += (a == b) ? before || after : before == after;
      for (const auto& c : some) wrong += before && natural_less(b, c) && !natural_less(a, c);
    }
  CHECK(wrong == 0);
}

TEST_CASE("sizes and times are short words") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1536) == "1.5 KiB");
  CHECK(size_text(uint64_t{5} << 40) == "5.0 TiB");
  CHECK(time_text(1'700'000'000).starts_with("2023-11-1"));
  CHECK(time_text(INT64_MAX).empty());
}

TEST_CASE("a listing: folders first, models known, what is neither file nor folder left out") {
  const tests::TemporaryFolder folder;
  for (const char* name : {"b10.png", "b9.png", ".secret", "a.txt"}) touch(folder / name, "12345");
  fs::create_directory(folder / "zeta");
  fs::create_directory(folder / "model");
  touch(folder / "model/model_index.json");
  fs::create_directory_symlink(folder / "model", folder / "link");
  fs::create_symlink(folder / "nothing", folder / "broken");
  const Listing l = listing_of(folder.path() / "." / "zeta" / ".." / "");
  CHECK(l.folder == tidy(folder.path()));
  CHECK(l.error.empty());
  CHECK_FALSE(l.model);
  Names seen;
  for (const FileEntry& e : l.entries) seen.push_back(e.name + (e.folder ? "/" : ""));
  CHECK(seen == Names{"link/", "model/", "zeta/", ".secret", "a.txt", "b9.png", "b10.png"});
  CHECK(l.entries[0].model);
  CHECK(l.entries[1].model);
  CHECK_FALSE(l.entries[2].model);
  CHECK(l.entries[3].hidden);
  CHECK(l.entries[4].bytes == 5);
  CHECK(std::abs(l.entries[4].modified - std::time(nullptr)) < 600);
  CHECK(listing_of(folder / "model").model);
}

TEST_CASE("a listing of what is no folder says where it leads, and of what cannot be read why") {
  const tests::TemporaryFolder folder;
  touch(folder / "a.txt");
  Listing l = listing_of(folder / "a.txt");
  CHECK(l.folder == folder.path());
  CHECK(l.file == folder / "a.txt");
  CHECK_FALSE(l.missing);
  l = listing_of(folder / "new.txt");
  CHECK(l.folder == folder.path());
  CHECK(l.file == folder / "new.txt");
  CHECK(l.missing);
  CHECK(l.error == (folder / "new.txt").string() + " does not exist");
  l = listing_of(folder / "no/such/folder");
  CHECK(l.folder == folder.path());
  CHECK(l.file.empty());
  CHECK(l.missing);
  fs::create_symlink(folder / "loop", folder / "loop");
  l = listing_of(folder / "loop");
  CHECK(l.entries.empty());
  CHECK(l.error.find("cannot be read (") != std::string::npos);
  CHECK(l.error.find("choose another folder") != std::string::npos);
  CHECK(listing_of("").folder == tidy(fs::current_path()));
  CHECK(tidy("/") == "/");
  CHECK(listing_of("/").folder == "/");
}

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

TEST_CASE("folders are read beside the window; what is no longer asked for is forgotten") {
  const tests::TemporaryFolder folder;
  for (int i = 0; i < 3000; i++) touch(folder / std::to_string(i));
  fs::create_directory(folder / "small");
  std::atomic<int> woken = 0;
  Lister lister([&] { woken++; });
  CHECK_FALSE(lister.take());
  lister.read(folder.path());
  lister.read(folder / "small");
  std::optional<Listing> got;
  for (int i = 0; i < 2000 && !got; i++) {
    got = lister.take();
    if (!got) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(got);
  CHECK(got->folder == folder / "small");
  CHECK(woken >= 1);
  CHECK_FALSE(lister.take());
  {
    Lister left([&] { woken++; });
    left.read(folder.path());
  }
  const int before = woken;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(woken == before);  // nobody waits any more
  const std::atomic<bool> stop = true;
  CHECK(read_listing(folder.path(), stop).entries.empty());
  Browse b = opened({}, folder.path());
  CHECK(b.rows() == 3001);
  CHECK(b.row(11).name == "10");
}
