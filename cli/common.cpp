#include "cli/common.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/program_folder.h"
#include "models/files/assets.h"

namespace lacuna {

void ModelOptions::add_to(CLI::App& command, bool with_model) {
  if (with_model) {
    command.add_option("--model", model, model_about)->type_name("DIR|FILE");
    command
        .add_option("--precision", precision,
                    "Storage of weights and activations: f16, f32 or auto (f16 on GPUs)")
        ->type_name("f16|f32|auto");
  }
  command
      .add_option(
          "--device", device,
          "GPU to use: a number or a part of its name, see `lacuna devices` (default: the best)")
      ->type_name("N|NAME");
}

std::unique_ptr<Device> ModelOptions::open_device() const {
  return Device::open({.selector = device});
}

std::filesystem::path ModelOptions::model_path() const {
  const bool pico = model == "pico" && !std::filesystem::exists(model);
  if (!model.empty() && !pico) return model;
  if (const char* preferred = std::getenv("LACUNA_MODEL"); preferred && *preferred && !pico)
    return preferred;
  const std::filesystem::path folder = asset_folder("pico");
  if (!folder.empty()) return folder;
  throw InputError(
      "[model] the embedded model was not found near {}; name a model with --model or "
      "LACUNA_MODEL",
      display(program_folder()));
}

std::pair<int64_t, int64_t> size_or_default(const std::string& text, const StableDiffusion& model) {
  int64_t width = model.default_size(), height = width;
  if (text.empty()) return {width, height};
  const char* const end = text.data() + text.size();
  const auto [x, bad_width] = std::from_chars(text.data(), end, width);
  const auto [last, bad_height] = std::from_chars(std::min(x + 1, end), end, height);
  if (bad_width != std::errc() || bad_height != std::errc() || *x != 'x' || last != end)
    throw InputError("[size] '{}' is no size; write width and height such as 512x512", text);
  return {width, height};
}

}  // namespace lacuna
