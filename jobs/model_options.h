// What several verbs share: choosing a device and a model.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/device.h"
#include "models/stable_diffusion.h"

namespace lacuna {

class Fields;

struct ModelOptions {
  std::string model;  // empty: $LACUNA_MODEL or pico
  std::string device;
  std::string precision = "auto";

  void describe(Fields& fields);
  std::unique_ptr<Device> open_device() const;
  // The folder or file given, $LACUNA_MODEL, or the embedded model that comes with the program,
  // which is also called "pico".
  std::filesystem::path model_path() const;
};

// Width and height: from a text such as "512x768", or the model's own size for both if the text is
// empty. Throws InputError.
std::pair<int64_t, int64_t> size_or_default(const std::string& text, const StableDiffusion& model);

}  // namespace lacuna
