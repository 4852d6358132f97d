// The thread that computes. The thread that draws posts tasks and reads snapshots; neither waits
// for the other longer than for a copy.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "viewer/worker/erase_job.h"
#include "viewer/worker/session.h"

namespace lacuna::viewer {

class Worker {
 public:
  // `changed` is called, from that thread, whenever there is something new to draw. The device must
  // outlive the object.
  // `draws`: the device also draws the window.
  Worker(Device& device, bool draws, const std::string& precision,
         const std::filesystem::path& gallery, std::function<void()> changed);
  // Stops what is under way, with a run's state saved.
  ~Worker();

  // A later task of a kind takes the place of one that waits; a drawing stops the one before.
  void open_model(const std::filesystem::path& folder);
  void draw(const DrawRequest& request);
  void cancel();
  void inspect(const std::vector<EditChoice>& edits);
  // `edit` is the file that the run will leave, `run` its folder.
  void erase(const EraseRequest& request, const std::filesystem::path& edit,
             const std::filesystem::path& run);
  EraseControl& control() { return control_; }
  void change(const std::function<void(Snapshot&)>& change);

  // True, with the newest snapshot, if there is a newer one than at the last call.
  bool read(Snapshot& snapshot);

 private:
  enum class Kind { model, draw, inspect, erase };
  struct Task {
    Kind kind;
    std::function<void()> run;
  };
  void post(Kind kind, std::function<void()> run);
  bool quitting();
  void loop();

  std::function<void()> changed_;
  std::mutex lock_;  // of all that follows, up to the control
  std::condition_variable work_;
  std::deque<Task> tasks_;
  Snapshot snapshot_;
  uint64_t version_ = 1, read_ = 0;
  bool quit_ = false;
  EraseControl control_;
  std::atomic<bool> cancel_ = false;
  Session session_;
  std::thread thread_;
};

}  // namespace lacuna::viewer
