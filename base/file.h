// Files as the rest of lacuna needs them: mapped for reading, whole text with a limit, replaced
// atomically.
//
// Each type owns one operating-system handle and is move-only. Every failure is an InputError that
// names the file and says what to do. file_posix.cpp and file_windows.cpp implement the two
// classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lacuna {

// The path as UTF-8 text for messages, the same on every system.
std::string display(const std::filesystem::path& path);
// The path that UTF-8 text names, the same on every system.
std::filesystem::path utf8_path(std::string_view text);

// A whole file mapped read-only: pages are read when touched, so opening gigabytes costs nothing.
// The file must not shrink while it is mapped.
class MappedFile {
 public:
  static MappedFile open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  MappedFile() = default;
  std::span<const std::byte> bytes_;
};

enum class Overwrite { no, yes };

// Writes a temporary file beside `target` and renames it in commit(): readers see the old file or
// the whole new one, never a part. Without commit() the temporary file is removed and `target` is
// untouched.
class AtomicFile {
 public:
  AtomicFile(const std::filesystem::path& target, Overwrite overwrite);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  [[noreturn]] void fail(std::string_view what, int code) const;

  std::filesystem::path target_, temporary_;
  Overwrite overwrite_;
  intptr_t handle_ = -1;  // a file descriptor or a HANDLE
};

// The whole file; an error if it holds more than `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit);

void write_file(const std::filesystem::path& path, std::span<const std::byte> content,
                Overwrite overwrite);
void write_file(const std::filesystem::path& path, std::string_view content, Overwrite overwrite);

// Creates the folder and its parents; fine if it is there already.
void make_folder(const std::filesystem::path& path);

// $XDG_CACHE_HOME/lacuna, ~/.cache/lacuna or %LOCALAPPDATA%\lacuna; not created. Empty if the
// environment names no home: then nothing is cached.
std::filesystem::path cache_folder();

// The same for settings: $XDG_CONFIG_HOME/lacuna, ~/.config/lacuna or %APPDATA%\lacuna.
std::filesystem::path config_folder();

}  // namespace lacuna
