// Windows. The twin of file_posix.cpp.
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

struct Handle {
  HANDLE handle;
  ~Handle() {
    if (handle && handle != INVALID_HANDLE_VALUE) ::CloseHandle(handle);
  }
};

int last_error() { return static_cast<int>(::GetLastError()); }

void refuse_existing(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) {
    throw InputError("[file] {} exists already; remove it or choose another name", display(path));
  }
}

[[noreturn]] void cannot_read(const fs::path& path, std::string_view why) {
  throw InputError("[file] cannot read {}: {}", display(path), why);
}

[[noreturn]] void cannot_read(const fs::path& path) {
  cannot_read(path, std::system_category().message(last_error()));
}

}  // namespace

MappedFile MappedFile::open(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) cannot_read(path, "it is a folder");
  const Handle file{::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr)};
  LARGE_INTEGER size;
  if (file.handle == INVALID_HANDLE_VALUE) cannot_read(path);
  if (!::GetFileSizeEx(file.handle, &size)) cannot_read(path, "it is not a regular file");
  MappedFile mapped;
  if (size.QuadPart == 0) return mapped;
  const Handle mapping{::CreateFileMappingW(file.handle, nullptr, PAGE_READONLY, 0, 0, nullptr)};
  if (!mapping.handle) cannot_read(path);
  const void* start = ::MapViewOfFile(mapping.handle, FILE_MAP_READ, 0, 0, 0);
  if (!start) cannot_read(path);
  mapped.bytes_ = {static_cast<const std::byte*>(start), static_cast<size_t>(size.QuadPart)};
  return mapped;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::UnmapViewOfFile(bytes_.data());
}

AtomicFile::AtomicFile(const fs::path& target, Overwrite overwrite)
    : target_(target), overwrite_(overwrite) {
  std::error_code ignored;
  if (fs::is_symlink(target, ignored)) target_ = fs::weakly_canonical(target, ignored);
  if (overwrite == Overwrite::no) refuse_existing(target_);
  static std::atomic<unsigned> serial = 0;
  HANDLE handle;
  do {  // a name left behind by a killed process of the same id is skipped
    temporary_ = target_;
    temporary_.replace_filename(
        fmt::format(".lacuna-{}-{}.tmp", ::GetCurrentProcessId(), serial++));
    handle = ::CreateFileW(temporary_.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                           FILE_ATTRIBUTE_NORMAL, nullptr);
  } while (handle == INVALID_HANDLE_VALUE && ::GetLastError() == ERROR_FILE_EXISTS);
  if (handle == INVALID_HANDLE_VALUE) {
    temporary_.clear();
    fail("write", last_error());
  }
  handle_ = reinterpret_cast<intptr_t>(handle);
}

AtomicFile::~AtomicFile() {
  if (handle_ != -1) ::CloseHandle(reinterpret_cast<HANDLE>(handle_));
  if (!temporary_.empty()) ::DeleteFileW(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr size_t chunk = size_t{1} << 30;  // WriteFile counts in 32 bits
  while (!bytes.empty()) {
    DWORD count = 0;
    if (!::WriteFile(reinterpret_cast<HANDLE>(handle_), bytes.data(),
                     static_cast<DWORD>(std::min(bytes.size(), chunk)), &count, nullptr)) {
      fail("write", last_error());
    }
    bytes = bytes.subspan(count);
  }
}

void AtomicFile::commit() {
  const HANDLE handle = reinterpret_cast<HANDLE>(std::exchange(handle_, -1));
  const int synced = ::FlushFileBuffers(handle) ? 0 : last_error();
  ::CloseHandle(handle);
  if (synced != 0) fail("write", synced);
  const DWORD flags =
      MOVEFILE_WRITE_THROUGH | (overwrite_ == Overwrite::yes ? MOVEFILE_REPLACE_EXISTING : 0);
  if (!::MoveFileExW(temporary_.c_str(), target_.c_str(), flags)) {
    const int code = last_error();
    if (overwrite_ == Overwrite::no) refuse_existing(target_);
    fail("write", code);
  }
  temporary_.clear();
}

}  // namespace lacuna
#endif
