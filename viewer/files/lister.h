// Reads folders beside the thread that draws: a slow disk, a network that does not answer or a
// folder of very many files never stops the window.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "viewer/files/listing.h"

namespace lacuna::viewer {

class Lister {
 public:
  // `changed` is called from another thread when a listing is there.
  explicit Lister(std::function<void()> changed) : changed_(std::move(changed)) {}
  ~Lister() { forget(); }
  Lister(const Lister&) = delete;
  Lister& operator=(const Lister&) = delete;

  // Begins to read and forgets what was asked for before.
  void read(const std::filesystem::path& path);
  // The listing, once.
  std::optional<Listing> take();

 private:
  struct Task;
  void forget();

  std::function<void()> changed_;
  std::shared_ptr<Task> task_;
};

}  // namespace lacuna::viewer
