// What a folder holds, as the file browser needs it.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

namespace lacuna::viewer {

// What one looks for. Folders are of every kind.
enum class FileKind { all, models, edits, images, texts, logs };

std::string_view kind_name(FileKind kind);  // "Images (.png, .jpg)"
// By the ending alone: what a file holds is seen when it is opened.
bool is_of_kind(const std::filesystem::path& file, FileKind kind);

struct FileEntry {
  std::filesystem::path path;
  std::string name;    // printable, see names.h
  std::string folded;  // for order and filters
  bool folder = false, model = false, hidden = false;
  uint64_t bytes = 0;    // of a file
  int64_t modified = 0;  // seconds since 1970
};

struct Listing {
  std::filesystem::path folder;    // absolute, without . and ..
  std::vector<FileEntry> entries;  // folders first, each in natural order
  bool model = false;              // the folder itself is one
  std::string error;               // one sentence; entries then hold what could be read
  bool missing = false;            // the path does not exist
  // If the path was not that of a folder: the file in it that was meant.
  std::filesystem::path file;
};

// So many entries of one folder are read; of larger ones the error says so.
inline constexpr size_t most_entries_of_a_folder = 100'000;

// Reads the folder, or that of a file. Of a path that does not exist: the nearest folder above it
// that does. Takes as long as the file system needs, ends early once `stop` is true, never throws
// for what lies there.
Listing read_listing(const std::filesystem::path& path, const std::atomic<bool>& stop);

// Absolute, without . and .. and a slash at the end; empty: the program's current folder.
std::filesystem::path tidy(const std::filesystem::path& path);

}  // namespace lacuna::viewer
