#include "tests/erase/pico.h"

#include <filesystem>
#include <memory>

#include "tests/device.h"

namespace lacuna::test {

StableDiffusion& pico() {
  static std::unique_ptr<StableDiffusion> model;
  if (!model) {
    model = std::make_unique<StableDiffusion>(
        device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico", Precision::f32);
    at_end([] { model.reset(); });
  }
  return *model;
}

}  // namespace lacuna::test
