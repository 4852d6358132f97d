// What several verbs share: choosing a device and a model.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/device.h"
#include "models/stable_diffusion.h"

namespace lacuna {

// What --model takes, for --help.
inline constexpr const char* model_about =
    "Stable Diffusion 1.x model: a diffusers folder or a single .safetensors file (default: pico, "
    "the embedded model)";

struct ModelOptions {
  std::string model;  // empty: $LACUNA_MODEL or pico
  std::string device;
  std::string precision = "auto";

  void add_to(CLI::App& command, bool with_model = true);
  std::unique_ptr<Device> open_device() const;
  // The folder or file given, $LACUNA_MODEL, or the embedded model that comes with the program,
  // which is also called "pico".
  std::filesystem::path model_path() const;
};

// Width and height: "512x768" read, or, where nothing was asked for, the model's own size twice.
// Throws InputError.
std::pair<int64_t, int64_t> size_or_default(const std::string& text, const StableDiffusion& model);

}  // namespace lacuna
