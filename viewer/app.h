// The window's frame around the panels: what they share, the bar above, the strip and the line
// below, keys, drops, and the loop that sleeps while nothing happens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "viewer/panels/compare_panel.h"
#include "viewer/panels/erase_panel.h"
#include "viewer/panels/inspect_panel.h"
#include "viewer/panels/sample_panel.h"
#include "viewer/platform/screen.h"
#include "viewer/script.h"

namespace lacuna::viewer {

struct AppOptions {
  std::string model, device, precision = "auto", present_on, script, gallery = "out";
  std::vector<std::string> edits;
  double scale = 1;
  bool validation = false, no_settings = false;
};

// Until the window is closed. Throws DeviceError if there is no display or no device, InputError
// for options that cannot be used. Returns the exit status.
int run_app(const AppOptions& options);

class App {
 public:
  App(const AppOptions& options, Window& window, Screen& screen, Device& compute,
      Settings& settings, std::optional<Script> script);
  void run();

 private:
  void frame();
  void top_bar();
  void body();
  void strip();
  void foot();
  void keys();
  void accept_drops();
  bool model_dialog();
  void help();
  void start_model(const AppOptions& options);
  bool shows_strip() const { return context_.tab == Tab::sample || context_.tab == Tab::compare; }

  Window& window_;
  Screen& screen_;
  Settings& settings_;
  Worker worker_;
  Gallery gallery_;
  Pictures pictures_;
  Context context_;
  SamplePanel sample_;
  ComparePanel compare_;
  ErasePanel erase_;
  InspectPanel inspect_;
  std::optional<Script> script_;
  std::string model_path_;
  std::filesystem::path last_drawn_;
  double next_ = 1;  // seconds until a frame is due even if nothing happens
  bool model_asked_ = false, help_ = false;
};

}  // namespace lacuna::viewer
