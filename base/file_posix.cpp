// Linux, macOS and the BSDs. The twin of file_windows.cpp.
#ifndef _WIN32
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

// Closes the descriptor at the end of the scope; the mapping outlives it.
struct Descriptor {
  int fd;
  ~Descriptor() { ::close(fd); }
};

void refuse_existing(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) {
    throw InputError("[file] {} exists already; remove it or choose another name", display(path));
  }
}

[[noreturn]] void cannot_read(const fs::path& path, std::string_view why) {
  throw InputError("[file] cannot read {}: {}", display(path), why);
}

}  // namespace

MappedFile MappedFile::open(const fs::path& path) {
  // O_NONBLOCK: a named pipe is refused below instead of waiting for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status;
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
    cannot_read(path, std::system_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    cannot_read(path, S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file");
  }
  MappedFile mapped;
  if (status.st_size == 0) return mapped;
  const size_t size = static_cast<size_t>(status.st_size);
  const void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (start == MAP_FAILED) cannot_read(path, std::system_category().message(errno));
  mapped.bytes_ = {static_cast<const std::byte*>(start), size};
  return mapped;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

AtomicFile::AtomicFile(const fs::path& target, Overwrite overwrite)
    : target_(target), overwrite_(overwrite) {
  std::error_code ignored;
  if (fs::is_symlink(target, ignored)) target_ = fs::weakly_canonical(target, ignored);
  if (overwrite == Overwrite::no) refuse_existing(target_);
  const fs::file_status status = fs::status(target_, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    fail("write", fs::is_directory(status) ? EISDIR : EINVAL);
  }
  static std::atomic<unsigned> serial = 0;
  int fd;
  do {  // a name left behind by a killed process of the same id is skipped
    temporary_ = target_;
    temporary_.replace_filename(fmt::format(".lacuna-{}-{}.tmp", ::getpid(), serial++));
    fd = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EEXIST);
  if (fd < 0) {
    temporary_.clear();
    fail("write", errno);
  }
  handle_ = fd;
}

AtomicFile::~AtomicFile() {
  if (handle_ >= 0) ::close(static_cast<int>(handle_));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(static_cast<int>(handle_), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void AtomicFile::commit() {
  const int fd = static_cast<int>(std::exchange(handle_, -1));
  const int synced = ::fsync(fd) == 0 ? 0 : errno;
  if (::close(fd) != 0) fail("write", errno);  // network file systems report a full disk here
  if (synced != 0) fail("write", synced);
  // link() refuses an existing name even if it appeared just now, but not every file system has
  // links. The destructor then removes the temporary name.
  const bool linked =
      overwrite_ == Overwrite::no && ::link(temporary_.c_str(), target_.c_str()) == 0;
  if (!linked) {
    if (overwrite_ == Overwrite::no) refuse_existing(target_);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("write", errno);
    temporary_.clear();
  }
  // The new name itself reaches the disk with its folder.
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const Descriptor parent{::open(folder.c_str(), O_RDONLY | O_CLOEXEC)};
  if (parent.fd >= 0) ::fsync(parent.fd);
}

}  // namespace lacuna
#endif
