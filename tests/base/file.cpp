#include "base/file.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "tests/temporary.h"

#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#endif

namespace fs = std::filesystem;
using namespace lacuna;
using lacuna::tests::TemporaryFolder;

namespace {

size_t files_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

std::string message_of(auto action) {
  try {
    action();
  } catch (const InputError& error) { return error.what(); }
  return "";
}

}  // namespace

TEST_CASE("a path is made of UTF-8 text and displayed as the same text") {
  for (const char* text : {"", "red.png", "Größe/図.png", "/a b/"})
    CHECK(display(utf8_path(text)) == text);
  CHECK(utf8_path("Größe/図.png").parent_path() == fs::path(u8"Größe"));
}

TEST_CASE("a file is written and read back, empty or not") {
  TemporaryFolder folder;
  for (const std::string& content :
       {std::string(), std::string("a\0b", 3), std::string(100'000, 'x')}) {
    write_file(folder / "file", content, Overwrite::yes);
    CHECK(read_file(folder / "file", content.size()) == content);
    CHECK(MappedFile::open(folder / "file").bytes().size() == content.size());
  }
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("an existing file is replaced only if asked to") {
  TemporaryFolder folder;
  write_file(folder / "file", "old", Overwrite::no);
  const std::string message =
      message_of([&] { write_file(folder / "file", "new", Overwrite::no); });
  CHECK(message.find("exists already") != std::string::npos);
  CHECK(read_file(folder / "file", 100) == "old");
  write_file(folder / "file", "new", Overwrite::yes);
  CHECK(read_file(folder / "file", 100) == "new");
}

TEST_CASE("a file that appears while another is written is not replaced") {
  TemporaryFolder folder;
  AtomicFile file(folder / "file", Overwrite::no);
  file.write("mine");
  std::ofstream(folder / "file") << "theirs";
  CHECK_THROWS_AS(file.commit(), InputError);
  CHECK(read_file(folder / "file", 100) == "theirs");
}

TEST_CASE("without commit nothing is left behind and the old file stays") {
  TemporaryFolder folder;
  write_file(folder / "file", "old", Overwrite::no);
  {
    AtomicFile file(folder / "file", Overwrite::yes);
    file.write("half of the new");
    AtomicFile moved = std::move(file);
    moved.write(" one");
    CHECK(files_in(folder.path()) == 2);
  }
  CHECK(files_in(folder.path()) == 1);
  CHECK(read_file(folder / "file", 100) == "old");
}

TEST_CASE("every failure names the file") {
  TemporaryFolder folder;
  write_file(folder / "file", "12345", Overwrite::no);
  const auto names = [](const std::string& message, const fs::path& path) {
    return message.starts_with("[file] ") && message.find(display(path)) != std::string::npos;
  };
  const fs::path missing = folder / "missing", file = folder / "file", below = file / "below";
  CHECK(names(message_of([&] { MappedFile::open(missing); }), missing));
  CHECK(names(message_of([&] { MappedFile::open(folder.path()); }), folder.path()));
  CHECK(names(message_of([&] { read_file(file, 4); }), file));
  CHECK(names(message_of([&] { AtomicFile(missing / "deep", Overwrite::no); }), missing / "deep"));
  CHECK(names(message_of([&] { AtomicFile(folder.path(), Overwrite::yes); }), folder.path()));
  CHECK(names(message_of([&] { AtomicFile(below, Overwrite::no); }), below));
  CHECK(names(message_of([&] { make_folder(below); }), below));
  CHECK(names(message_of([&] { make_folder(file); }), file));
}

TEST_CASE("folders are created with their parents") {
  TemporaryFolder folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
}

#ifndef _WIN32
TEST_CASE("a link is written through, a pipe is refused without waiting") {
  TemporaryFolder folder;
  write_file(folder / "real", "old", Overwrite::no);
  fs::create_symlink("real", folder / "link");
  write_file(folder / "link", "new", Overwrite::yes);
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_file(folder / "real", 100) == "new");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(MappedFile::open(folder / "pipe"), InputError);
  CHECK_THROWS_AS(AtomicFile(folder / "pipe", Overwrite::yes), InputError);
}

TEST_CASE("a folder without permission gives one sentence") {
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may write everywhere");
    return;
  }
  TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK_THROWS_AS(AtomicFile(folder / "file", Overwrite::no), InputError);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST_CASE("a full disk gives one sentence and leaves nothing behind") {
  // A limit on the size of files fails write() as a full disk does.
  TemporaryFolder folder;
  AtomicFile file(folder / "file", Overwrite::no);
  struct rlimit old;
  ::getrlimit(RLIMIT_FSIZE, &old);
  const struct rlimit small = {1000, old.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = message_of([&] { file.write(std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, handler);
  CHECK(message.find("cannot write") != std::string::npos);
}

TEST_CASE("the cache folder follows the environment") {
  const auto set = [](const char* name, const char* value) { ::setenv(name, value, 1); };
  const char* home = std::getenv("HOME");
  const std::string old_home = home ? home : "";
  set("XDG_CACHE_HOME", "/some/cache");
  CHECK(cache_folder() == "/some/cache/lacuna");
  set("XDG_CACHE_HOME", "relative");  // the XDG specification says to ignore it
  set("HOME", "/home/me");
  CHECK(cache_folder() == "/home/me/.cache/lacuna");
  set("HOME", "");
  CHECK(cache_folder().empty());
  ::unsetenv("XDG_CACHE_HOME");
  set("HOME", old_home.c_str());
}
#endif
