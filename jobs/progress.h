// Progress of a long computation: a bar that redraws itself on a terminal, plain lines elsewhere,
// JSON events (one object a line on standard output) when asked for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lacuna {

class RunObserver;

class Progress {
 public:
  // `total` steps of work in all. If there is an observer, progress goes to it instead of the
  // terminal.
  Progress(std::string label, int64_t total, bool json, RunObserver* observer = nullptr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Another phase of the work, with its own total; does nothing if it is the present one.
  void restart(const std::string& label, int64_t total);
  // `done` of the total; `note` says which image or phase.
  void update(int64_t done, const std::string& note);
  // A line above the bar, or an event.
  void say(const std::string& line);
  void event(const nlohmann::json& event);
  // Removes the bar.
  void finish();

 private:
  void draw(int64_t done, const std::string& note);

  std::string label_;
  int64_t total_;
  RunObserver* observer_;
  bool json_, terminal_;
  bool drawn_ = false;
  double start_, last_draw_ = 0;
  int64_t last_line_percent_ = 0;
};

}  // namespace lacuna
