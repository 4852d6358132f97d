// An image on the system's clipboard, as the PNG file that it is saved as, settings included;
// GLFW's own clipboard holds text alone. One implementation a platform: clipboard_x11.cpp,
// clipboard_windows.cpp, and clipboard_none.cpp for all others.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

struct GLFWwindow;

namespace lacuna::viewer {

class Clipboard {
 public:
  // Null if images cannot be put on this system's clipboard. The window must outlive it.
  static std::unique_ptr<Clipboard> open(GLFWwindow* window);
  virtual ~Clipboard() = default;
  // It stays until something else is copied; on X11, where the owner of the clipboard is asked at
  // every paste, at most as long as this object lives. False if the system did not take it.
  virtual bool put(std::vector<std::byte> png) = 0;
};

}  // namespace lacuna::viewer
