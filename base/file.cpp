// What is the same on every system.
#include "base/file.h"

#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace fs = std::filesystem;

namespace lacuna {

std::string display(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

fs::path utf8_path(std::string_view text) { return std::u8string(text.begin(), text.end()); }

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      overwrite_(other.overwrite_),
      handle_(std::exchange(other.handle_, -1)) {}

void AtomicFile::fail(std::string_view what, int code) const {
  throw InputError("[file] cannot {} {}: {}", what, display(target_),
                   std::system_category().message(code));
}

std::string read_file(const fs::path& path, size_t limit) {
  const MappedFile file = MappedFile::open(path);
  const std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() > limit) {
    throw InputError("[file] {} has {} bytes where at most {} make sense; is it the right file?",
                     display(path), bytes.size(), limit);
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_file(const fs::path& path, std::span<const std::byte> content, Overwrite overwrite) {
  AtomicFile file(path, overwrite);
  file.write(content);
  file.commit();
}

void write_file(const fs::path& path, std::string_view content, Overwrite overwrite) {
  write_file(path, std::as_bytes(std::span(content)), overwrite);
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    throw InputError("[file] cannot create the folder {}: {}", display(path),
                     error ? error.message() : "a file of that name is in the way");
  }
}

namespace {

// A folder of ours below the one that a variable names, or below the home.
fs::path user_folder(const char* name, [[maybe_unused]] const char* below_home) {
  const auto variable = [](const char* v) {
    const char* value = std::getenv(v);
    return fs::path(value ? value : "");
  };
  fs::path base = variable(name);
#ifndef _WIN32
  if (!base.is_absolute()) base = variable("HOME").empty() ? "" : variable("HOME") / below_home;
#endif
  return base.empty() ? base : base / "lacuna";
}

}  // namespace

#ifdef _WIN32
fs::path cache_folder() { return user_folder("LOCALAPPDATA", ""); }
fs::path config_folder() { return user_folder("APPDATA", ""); }
#else
fs::path cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }
fs::path config_folder() { return user_folder("XDG_CONFIG_HOME", ".config"); }
#endif

}  // namespace lacuna
