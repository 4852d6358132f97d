// --script FILE: a user's actions, one a line, played to the window. Clicks and keys reach Dear
// ImGui as those of a mouse and a keyboard do, at the place where the named widget lies in the last
// frame, so a widget that is hidden, covered or disabled cannot be clicked.
//
//   click NAME [X Y]          at shares of its sides (default: the middle)
//   doubleclick NAME [X Y]
//   drag NAME X Y X Y         from one place on it to another
//   hover NAME
//   scroll NAME LINES         down, or up if negative
//   type TEXT
//   key ctrl+enter            also letters, enter, escape, tab, f1, delete, left, right, ...
//   wait CONDITION [SECONDS]  idle, model, picture, step N, iteration N, erased, paused,
//                             widget NAME, file FILE (whose name may have *)
//   screenshot FILE
//   resize W H | minimise | restore | drop FILE | sleep SECONDS | report | quit
//
// Words with spaces stand in double quotes; # begins a comment. A script that does not end with
// quit leaves the window to the user.
#pragma once

#include <imgui.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "viewer/vulkan/pictures.h"

namespace lacuna::viewer {

class Window;

struct ScriptLine {
  int number = 0;
  std::vector<std::string> words;
};

// Throws InputError naming the line of what is no action or has other arguments.
std::vector<ScriptLine> parse_script(const std::string& text, const std::string& name);

class Script {
 public:
  Script(const std::filesystem::path& file);

  bool running() const { return at_ < lines_.size(); }
  // Whether it waits for the computation, so that there is no hurry.
  bool waits() const { return running() && lines_[at_].words[0] == "wait"; }
  // Between the platform's and ImGui's new frame: does the next piece of an action. Throws
  // InputError if one cannot be done.
  void play(Window& window, const Snapshot& now, const Pictures& pictures);
  // The file that wants a copy of this frame, once.
  std::filesystem::path take_screenshot();

 private:
  bool pointer(Window& window);
  bool condition(const Snapshot& now);
  void next();
  [[noreturn]] void fail(const std::string& why) const;
  double number(size_t word, double fallback) const;
  ImVec2 place(size_t word) const;
  void inject() const;

  std::string name_;
  std::vector<ScriptLine> lines_;
  size_t at_ = 0;
  int stage_ = 0;      // of the action
  double begin_ = -1;  // of the action, in seconds
  uint64_t seen_ = 0;  // drawings before the last one that was asked for
  ImVec2 mouse_{-1, -1};
  bool down_ = false;
  std::filesystem::path screenshot_;
};

}  // namespace lacuna::viewer
