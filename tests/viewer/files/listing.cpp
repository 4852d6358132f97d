// What the file browser reads of a folder, what it makes of names, and that it reads beside the
// window.
#include "viewer/files/listing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>

#include "tests/temporary.h"
#include "viewer/files/lister.h"
#include "viewer/files/names.h"

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
  const Listing all = listing_of(folder.path());
  CHECK(all.entries.size() == 3001);
  CHECK(all.entries[11].name == "10");
}
