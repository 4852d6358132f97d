// What several verbs share: choosing a device and a model.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/device.h"

namespace lacuna {

struct ModelOptions {
  std::string model;  // empty: $LACUNA_MODEL or pico
  std::string device;
  std::string precision = "auto";

  void add_to(CLI::App& command, bool with_model = true);
  std::unique_ptr<Device> open_device() const;
  // The folder given, $LACUNA_MODEL, or the embedded model that comes with the program, which is
  // also called "pico".
  std::filesystem::path model_folder() const;
};

// "512x768" as width and height. Throws InputError.
std::pair<int64_t, int64_t> parse_size(const std::string& text);

}  // namespace lacuna
