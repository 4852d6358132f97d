#include "jobs/model_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/options/fields.h"
#include "base/program_folder.h"
#include "erase/groups.h"
#include "models/files/assets.h"

namespace lacuna {

void ModelOptions::describe(Fields& f) {
  f.group(group::model);
  f.add("model", model, "DIR|FILE",
        "Stable Diffusion 1.x model: a diffusers folder or a single .safetensors file")
      .usually("pico, the embedded model");
  f.add("precision", precision, "f16|f32|auto",
        "How weights and activations are stored; auto is f16 on GPUs")
      .one_of({"f16", "f32", "auto"});
  f.add("device", device, "N|NAME",
        "GPU to use: a number or a part of its name, see `lacuna devices`")
      .usually("the best");
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
      "[model] the embedded model was not found near {}; name a model with {} or LACUNA_MODEL",
      display(program_folder()), option("model"));
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
