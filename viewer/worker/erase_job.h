// A run of `lacuna erase` inside the window: the verb's own fields and loop with an observer, so
// that the run's folder, its edit and its results are those of the command line.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

struct EraseRequest {
  std::string method;                                       // "esd"
  std::vector<std::pair<std::string, std::string>> values;  // of its options, by name
  std::vector<std::string> prompts;                         // to look at before and after
  int64_t every = 50;  // iterations between such images; 0: none during the run
  int steps = 12;      // of these images
  uint64_t seed = 1;
};

// What the window asks of a run that is under way; any thread may write.
struct EraseControl {
  std::atomic<bool> pause = false, stop = false, save = false;
};

// Runs to the end, or until it is stopped. Errors go into the snapshot.
void run_erase(const EraseRequest& request, EraseControl& control,
               const std::function<void(const std::function<void(Snapshot&)>&)>& publish);

}  // namespace lacuna::viewer
