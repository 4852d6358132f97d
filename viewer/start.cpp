// From options to an open window: devices, screen, settings.
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "viewer/app.h"

namespace lacuna::viewer {
namespace {

std::unique_ptr<Device> open_device(const AppOptions& o, const std::string& selector) {
  return Device::open({.selector = selector,
                       .validation = o.validation,
                       .instance_extensions = Screen::instance_extensions(),
                       .device_extensions = Screen::device_extensions()});
}

// The first device that can draw in the window, where the one that computes cannot.
std::unique_ptr<Device> another_that_shows(const AppOptions& o, const Window& window) {
  for (const DeviceInfo& info : list_devices()) {
    if (!info.unusable.empty()) continue;
    std::unique_ptr<Device> device = open_device(o, std::to_string(info.index));
    if (Screen::fits(*device, window.handle())) return device;
  }
  throw DeviceError(
      "[viewer] no Vulkan device of this machine can draw in a window; the command line `lacuna` "
      "does the same work without one");
}

int told(const Device& device) {
  for (const std::string& message : device.validation_messages())
    std::fprintf(stderr, "validation: %s\n", message.c_str());
  return device.validation_messages().empty() ? 0 : 1;
}

}  // namespace

int run_app(const AppOptions& o) {
  std::optional<Script> script;
  if (!o.script.empty()) script.emplace(utf8_path(o.script));
  const std::filesystem::path file = o.no_settings ? "" : settings_file();
  Settings settings = Settings::load(file);
  Window window(settings.window, o.scale);
  const std::unique_ptr<Device> compute = open_device(o, o.device);
  std::unique_ptr<Device> other;
  if (!o.present_on.empty())
    other = open_device(o, o.present_on);
  else if (!Screen::fits(*compute, window.handle()))
    other = another_that_shows(o, window);
  {
    Screen screen(other ? *other : *compute, window.handle());
    window.use_theme(settings.dark);
    App(o, window, screen, *compute, settings, std::move(script)).run();
  }
  settings.save(file);
  return told(*compute) | (other ? told(*other) : 0);
}

}  // namespace lacuna::viewer
