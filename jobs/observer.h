// Watches a verb of `lacuna erase` from inside the program, in place of the terminal: a window, for
// example. All calls come from the thread that runs the verb.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "erase/run_folder.h"
#include "jobs/interrupt.h"

namespace lacuna {

class TrainingRun;
struct TrainingTask;

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  // What the terminal would show: a line, or how far a phase has come.
  virtual void line(const std::string& text) = 0;
  virtual void progress(const std::string& phase, int64_t done, int64_t total) = 0;
  // Asked before every piece of work. May wait, which is a pause; false stops as Ctrl-C does, with
  // the state saved.
  virtual bool go_on() = 0;
  // Before iteration `done`, counted from 0, and after the last. May use the run's model as it
  // likes and leaves it as it was: the run's results do not depend on who looks.
  virtual void look(TrainingRun& run, const TrainingTask& task, int64_t done,
                    std::span<const LossRecord> losses) = 0;
};

// Whether neither Ctrl-C nor the observer, if there is one, has stopped the run.
inline bool goes_on(RunObserver* observer) {
  return !interrupted() && (!observer || observer->go_on());
}

}  // namespace lacuna
