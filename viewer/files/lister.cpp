#include "viewer/files/lister.h"

#include <mutex>
#include <thread>
#include <utility>

namespace lacuna::viewer {

struct Lister::Task {
  std::atomic<bool> stop = false;
  std::mutex lock;
  std::optional<Listing> result;
  std::function<void()> changed;  // empty once nobody waits for it
};

void Lister::forget() {
  if (!task_) return;
  task_->stop = true;
  const std::scoped_lock lock(task_->lock);
  task_->changed = nullptr;
}

void Lister::read(const std::filesystem::path& path) {
  forget();
  task_ = std::make_shared<Task>();
  task_->changed = changed_;
  // Detached, since a call to a file system that does not answer cannot be broken off and must not
  // hold up the next folder or the end of the program. The thread touches nothing but its task.
  std::thread([task = task_, path] {
    Listing listing;
    try {
      listing = read_listing(path, task->stop);
    } catch (const std::exception& e) {
      listing.folder = path;
      listing.error = e.what();
    }
    const std::scoped_lock lock(task->lock);
    task->result = std::move(listing);
    if (task->changed) task->changed();
  }).detach();
}

std::optional<Listing> Lister::take() {
  if (!task_) return {};
  const std::scoped_lock lock(task_->lock);
  return std::exchange(task_->result, {});
}

}  // namespace lacuna::viewer
