// The window itself and Dear ImGui in it: size, scale, fonts, colours, events.
#pragma once

#include <imgui.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pictures/image.h"

struct GLFWwindow;

namespace lacuna::viewer {

struct WindowPlace {
  int width = 1180, height = 800;
  int x = -1, y = -1;  // -1: where the system puts it
  bool maximized = false;
};

class Window {
 public:
  // Throws DeviceError if there is no display. `scale` multiplies that of the monitor.
  Window(const WindowPlace& place, double scale);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  GLFWwindow* handle() const { return window_; }
  WindowPlace place() const;
  void resize(int width, int height);
  void minimise(bool yes);
  bool wants_to_close() const;
  void close();
  // Sleeps until something happens, at most that long; zero: looks and returns.
  void wait(double seconds);
  // Wakes wait() from any thread.
  static void wake();

  // Font and sizes for the monitor's scale: true if they changed and the atlas is new.
  bool fit_scale();
  float scale() const { return scale_; }
  void use_theme(bool dark);
  ImVec4 background() const;
  // What was dropped on the window since the last call.
  std::vector<std::filesystem::path> take_dropped();
  void drop(const std::filesystem::path& path) { dropped_.push_back(path); }

 private:
  GLFWwindow* window_ = nullptr;
  double extra_scale_;
  float scale_ = 0;
  bool dark_ = true;
  std::vector<std::filesystem::path> dropped_;
};

}  // namespace lacuna::viewer
