#include "viewer/panels/gallery.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "jobs/draw/picture_output.h"
#include "pictures/resize.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_entries = 60;
constexpr int small_copy_side = 160;

ImagePtr small_copy(const Image& image) {
  const int longer = std::max(image.width, image.height);
  if (longer <= small_copy_side) return std::make_shared<const Image>(image);
  const auto side = [&](int n) { return std::max(1, n * small_copy_side / longer); };
  return std::make_shared<const Image>(resized(image, side(image.width), side(image.height)));
}

}  // namespace

std::filesystem::path save_picture(const std::filesystem::path& folder, uint64_t seed,
                                   std::span<const std::byte> png) {
  const std::filesystem::path file = PictureOutput(folder, 2, false).next(seed);  // 2: a folder
  write_file(file, png, Overwrite::no);
  return file;
}

Gallery::Gallery(fs::path folder, std::function<void()> changed)
    : folder_(std::move(folder)), changed_(std::move(changed)) {
  thread_ = std::thread([this] { loop(); });
}

Gallery::~Gallery() {
  {
    const std::scoped_lock lock(lock_);
    quit_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Gallery::open(const fs::path& file) {
  {
    const std::scoped_lock lock(lock_);
    waiting_.emplace_back(file, true);
  }
  work_.notify_one();
}

void Gallery::add(const fs::path& file) {
  {
    const std::scoped_lock lock(lock_);
    waiting_.emplace_back(file, false);
  }
  work_.notify_one();
}

std::optional<OpenedPicture> Gallery::opened() {
  const std::scoped_lock lock(lock_);
  return std::exchange(opened_, {});
}

std::vector<GalleryEntry> Gallery::entries() {
  const std::scoped_lock lock(lock_);
  return entries_;
}

void Gallery::read_folder() {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const fs::path& file = it->path();
    if (file.extension() == ".png" && it->is_regular_file(ignored))
      files.emplace_back(it->last_write_time(ignored), file);
  }
  std::ranges::sort(files);
  if (files.size() > most_entries) files.erase(files.begin(), files.end() - most_entries);
  const std::scoped_lock lock(lock_);
  for (auto& [when, file] : files) waiting_.emplace_back(file, false);
}

void Gallery::loop() {
  read_folder();
  while (true) {
    std::pair<fs::path, bool> next;
    {
      std::unique_lock lock(lock_);
      work_.wait(lock, [this] { return quit_ || !waiting_.empty(); });
      if (quit_) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    read(next.first, next.second);
    changed_();
  }
}

void Gallery::read(const fs::path& file, bool in_full) {
  OpenedPicture picture{.file = file};
  try {
    const std::string content = read_picture(file);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
    const Image image = decode_image(bytes, display(file));
    picture.image = std::make_shared<const Image>(image);
    if (!in_full) {
      const ImagePtr small = small_copy(image);
      const std::scoped_lock lock(lock_);
      std::erase_if(entries_, [&](const GalleryEntry& e) { return e.file == file; });
      entries_.insert(entries_.begin(), {file, small});
      if (entries_.size() > most_entries) entries_.pop_back();
      return;
    }
    picture.text = png_parameters(bytes, display(file));
    if (!picture.text.empty()) picture.parameters = read_parameters(picture.text);
  } catch (const std::exception& e) {
    if (!in_full) return;  // what is no picture stays out of the strip
    picture.error = e.what();
  }
  const std::scoped_lock lock(lock_);
  opened_ = std::move(picture);
}

}  // namespace lacuna::viewer
