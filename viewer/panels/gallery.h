// The images in a folder: small copies for the strip, and any of them in full with the parameters
// in its PNG. Files are read by a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "jobs/draw/parameters.h"
#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

struct GalleryEntry {
  std::filesystem::path file;
  ImagePtr small;
};

struct OpenedPicture {
  std::filesystem::path file;
  ImagePtr image;
  std::string text;  // the parameters as they are written
  std::optional<ReadParameters> parameters;
  std::string error;
};

// Writes a PNG into the folder under the next free number. Throws InputError if it cannot.
std::filesystem::path save_picture(const std::filesystem::path& folder, uint64_t seed,
                                   std::span<const std::byte> png);

class Gallery {
 public:
  // `changed` is called from the other thread when there is something new.
  Gallery(std::filesystem::path folder, std::function<void()> changed);
  ~Gallery();

  const std::filesystem::path& folder() const { return folder_; }
  // Reads an image in full; opened() returns it once when it is there.
  void open(const std::filesystem::path& file);
  // A new image joins the strip.
  void add(const std::filesystem::path& file);
  std::optional<OpenedPicture> opened();
  // The newest first. A copy of a few pointers.
  std::vector<GalleryEntry> entries();

 private:
  void loop();
  void read_folder();
  void read(const std::filesystem::path& file, bool in_full);

  std::filesystem::path folder_;
  std::function<void()> changed_;
  std::mutex lock_;
  std::condition_variable work_;
  std::deque<std::pair<std::filesystem::path, bool>> waiting_;  // and whether in full
  std::vector<GalleryEntry> entries_;
  std::optional<OpenedPicture> opened_;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace lacuna::viewer
