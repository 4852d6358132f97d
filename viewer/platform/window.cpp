#include "viewer/platform/window.h"

#include <GLFW/glfw3.h>
#include <backends/imgui_impl_glfw.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "viewer/theme.h"

namespace lacuna::viewer {
namespace {

void on_drop(GLFWwindow* window, int count, const char** paths) {
  auto& self = *static_cast<Window*>(glfwGetWindowUserPointer(window));
  for (int i = 0; i < count; i++) self.drop(utf8_path(paths[i]));
}

[[noreturn]] void no_display() {
  const char* why = nullptr;
  glfwGetError(&why);
  throw DeviceError(
      "[viewer] there is no display to open a window on ({}); the command line `lacuna` does the "
      "same work without one",
      why ? why : "unknown reason");
}

// Without its folder there is no Wayland, and libwayland would say so in a line of its own.
void prefer_platform() {
#if defined(GLFW_PLATFORM_X11) && !defined(_WIN32) && !defined(__APPLE__)
  const char* socket = std::getenv("WAYLAND_DISPLAY");
  if (!std::getenv("XDG_RUNTIME_DIR") && !(socket && *socket == '/') &&
      glfwPlatformSupported(GLFW_PLATFORM_X11))
    glfwInitHint(GLFW_PLATFORM, GLFW_PLATFORM_X11);
#endif
}

// GLFW lives from the first window to the end of the program: its Vulkan loader must outlast every
// device.
void start_glfw() {
  glfwInitHint(GLFW_COCOA_CHDIR_RESOURCES, GLFW_FALSE);
  prefer_platform();
  if (!glfwInit()) no_display();
}

}  // namespace

Window::Window(const WindowPlace& place, double scale) : extra_scale_(scale) {
  start_glfw();
  glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
  glfwWindowHint(GLFW_MAXIMIZED, place.maximized ? GLFW_TRUE : GLFW_FALSE);
  window_ = glfwCreateWindow(std::clamp(place.width, 320, 16384),
                             std::clamp(place.height, 240, 16384), "lacuna", nullptr, nullptr);
  if (!window_) no_display();
  if (place.x >= 0 && place.y >= 0) glfwSetWindowPos(window_, place.x, place.y);
  glfwSetWindowUserPointer(window_, this);
  glfwSetDropCallback(window_, on_drop);
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.ConfigInputTextCursorBlink = false;  // a blinking cursor would draw forever
  io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
  io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
  ImGui_ImplGlfw_InitForVulkan(window_, true);
}

Window::~Window() {
  ImGui_ImplGlfw_Shutdown();
  ImGui::DestroyContext();
  glfwDestroyWindow(window_);
  glfwTerminate();
}

WindowPlace Window::place() const {
  WindowPlace p;
  p.maximized = glfwGetWindowAttrib(window_, GLFW_MAXIMIZED) == GLFW_TRUE;
  glfwGetWindowSize(window_, &p.width, &p.height);
  glfwGetWindowPos(window_, &p.x, &p.y);
  return p;
}

void Window::resize(int width, int height) { glfwSetWindowSize(window_, width, height); }
void Window::minimise(bool yes) { yes ? glfwIconifyWindow(window_) : glfwRestoreWindow(window_); }
bool Window::wants_to_close() const { return glfwWindowShouldClose(window_) == GLFW_TRUE; }
void Window::close() { glfwSetWindowShouldClose(window_, GLFW_TRUE); }

void Window::wait(double seconds) {
  if (seconds > 0)
    glfwWaitEventsTimeout(seconds);
  else
    glfwPollEvents();
}

void Window::wake() { glfwPostEmptyEvent(); }

bool Window::fit_scale() {
  float x = 1, y = 1;
  glfwGetWindowContentScale(window_, &x, &y);
  int width = 0, pixels = 0, ignored = 0;
  glfwGetWindowSize(window_, &width, &ignored);
  glfwGetFramebufferSize(window_, &pixels, &ignored);
  // Where window coordinates are larger than pixels, only the font's bitmap must be finer.
  const float finer =
      width > 0 && pixels > 0 ? static_cast<float>(pixels) / static_cast<float>(width) : 1;
  const float scale = std::clamp(x * static_cast<float>(extra_scale_) / finer, 0.5f, 4.0f);
  if (std::abs(scale - scale_) < 0.01f) return false;
  scale_ = scale;
  glfwSetWindowSizeLimits(window_, static_cast<int>(560 * scale), static_cast<int>(400 * scale),
                          GLFW_DONT_CARE, GLFW_DONT_CARE);
  load_fonts(scale, finer);
  use_theme(dark_);
  return true;
}

void Window::use_theme(bool dark) {
  dark_ = dark;
  apply_theme(dark, scale_ > 0 ? scale_ : 1);
}

ImVec4 Window::background() const { return ImGui::GetStyleColorVec4(ImGuiCol_WindowBg); }

std::vector<std::filesystem::path> Window::take_dropped() { return std::exchange(dropped_, {}); }

}  // namespace lacuna::viewer
