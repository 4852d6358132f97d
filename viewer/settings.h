// What the window remembers from one time to the next, in the user's config folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "viewer/platform/window.h"
#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

// The first is the one that holds if nothing was chosen, as for `lacuna sample --region-mode`.
inline constexpr std::string_view region_modes[] = {"latents", "prediction"};

// What the panels Sample and Compare ask for.
struct Form {
  std::string prompt, negative, sampler = "ddim";
  uint64_t seed = 1;
  bool seed_locked = false;
  int steps = 25, vae_every = 0;
  float guidance = 7.5f;
  int64_t width = 0, height = 0;  // 0: the model's own
  RngKind rng = RngKind::torch;
  std::string region_mode{region_modes[0]};
};

// What the panel Erase asks for: the options of each method as they were typed.
struct EraseForm {
  std::string method = "automatic", prompts;
  std::map<std::string, std::map<std::string, std::string>> options;  // [method]["--concept"]
  int64_t every = 50;
};

// What the file browser remembers: the last folder of each kind of file, "" of any.
struct BrowserSettings {
  std::map<std::string, std::string> folders;
  bool hidden = false;  // hidden files are shown
};

struct Settings {
  WindowPlace window;
  bool dark = true;
  std::string model;
  std::vector<std::string> recent_models;
  Form form;
  EraseForm erase;
  BrowserSettings browser;

  // What the file lacks or holds in another shape keeps its default; it may be broken.
  static Settings load(const std::filesystem::path& file);
  // A file that cannot be written is no failure of the program.
  void save(const std::filesystem::path& file) const;
};

// Empty if the environment names no home.
std::filesystem::path settings_file();

}  // namespace lacuna::viewer
