#include "viewer/worker/worker.h"

#include <algorithm>

#include "base/file.h"

namespace lacuna::viewer {

Worker::Worker(Device& device, bool draws, const std::string& precision,
               const std::filesystem::path& gallery, std::function<void()> changed)
    : changed_(std::move(changed)),
      session_(device, draws, precision, gallery,
               [this](const std::function<void(Snapshot&)>& c) { change(c); }) {
  snapshot_.device = device.info().name;
  snapshot_.driver = device.info().driver;
  snapshot_.kind = device.info().kind;
  thread_ = std::thread([this] { loop(); });
}

Worker::~Worker() {
  {
    const std::scoped_lock lock(lock_);
    quit_ = true;
    tasks_.clear();
    cancel_ = true;
    control_.stop = true;
  }
  work_.notify_one();
  thread_.join();
}

void Worker::change(const std::function<void(Snapshot&)>& change) {
  {
    const std::scoped_lock lock(lock_);
    change(snapshot_);
    version_++;
  }
  changed_();
}

bool Worker::read(Snapshot& snapshot) {
  const std::scoped_lock lock(lock_);
  if (read_ == version_) return false;
  snapshot = snapshot_;
  read_ = version_;
  return true;
}

void Worker::post(Kind kind, std::function<void()> run) {
  {
    const std::scoped_lock lock(lock_);
    std::erase_if(tasks_, [&](const Task& t) { return t.kind == kind; });
    tasks_.push_back({kind, std::move(run)});
    if (kind == Kind::draw || kind == Kind::model) cancel_ = true;
    snapshot_.busy = true;
    version_++;
  }
  work_.notify_one();
}

void Worker::open_model(const std::filesystem::path& folder) {
  post(Kind::model, [this, folder] { session_.open(folder); });
}

void Worker::draw(const DrawRequest& request) {
  post(Kind::draw, [this, request] { session_.draw(request, [this] { return !cancel_; }); });
}

void Worker::cancel() {
  const std::scoped_lock lock(lock_);
  std::erase_if(tasks_, [&](const Task& t) { return t.kind == Kind::draw; });
  cancel_ = true;
}

void Worker::inspect(const std::vector<EditChoice>& edits) {
  post(Kind::inspect, [this, edits] { session_.inspect(edits); });
}

void Worker::erase(const EraseRequest& request, const std::filesystem::path& edit,
                   const std::filesystem::path& run) {
  change([&](Snapshot& s) {
    s.erase = {};
    s.erase.running = true;
    s.erase.phase = "opening";
    s.erase.edit = edit;
    s.erase.run = run;
  });
  control_.pause = control_.stop = control_.save = false;
  post(Kind::erase, [this, request] {
    session_.close();  // the run opens the model for itself
    run_erase(request, control_, [this](const auto& c) { change(c); });
    if (!quitting()) session_.open_again();
  });
}

bool Worker::quitting() {
  const std::scoped_lock lock(lock_);
  return quit_;
}

void Worker::loop() {
  while (true) {
    Task task;
    {
      std::unique_lock lock(lock_);
      if (tasks_.empty() && snapshot_.busy) {
        snapshot_.busy = false;
        version_++;
        lock.unlock();
        changed_();
        lock.lock();
      }
      work_.wait(lock, [this] { return quit_ || !tasks_.empty(); });
      if (quit_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
      cancel_ = false;
    }
    task.run();
  }
}

}  // namespace lacuna::viewer
