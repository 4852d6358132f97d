#include "pictures/image.h"

#define STBI_NO_STDIO
#include <stb_image.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lacuna {
namespace {

constexpr size_t most_file_bytes = size_t{256} << 20;
constexpr int64_t most_pixels = int64_t{64} << 20;

}  // namespace

Image blank_image(int width, int height, uint8_t gray) {
  return {width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3, gray)};
}

Image image_from_floats(std::span<const float> nhwc, int width, int height) {
  Image image = blank_image(width, height, 0);
  assert(nhwc.size() == image.rgb.size());
  for (size_t i = 0; i < nhwc.size(); ++i) {
    const float value = std::clamp(nhwc[i] / 2 + 0.5f, 0.0f, 1.0f);
    image.rgb[i] = value > 0 ? static_cast<uint8_t>(std::nearbyint(value * 255)) : 0;  // NaN too
  }
  return image;
}

std::vector<float> floats_from_image(const Image& image) {
  std::vector<float> nhwc;
  nhwc.reserve(image.rgb.size());
  for (uint8_t value : image.rgb) nhwc.push_back(static_cast<float>(value) / 255 * 2 - 1);
  return nhwc;
}

Image upscale(const Image& image, int factor) {
  assert(factor >= 1);
  Image large = blank_image(image.width * factor, image.height * factor, 0);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) {
      const size_t from = (size_t(y / factor) * size_t(image.width) + size_t(x / factor)) * 3;
      std::copy_n(&image.rgb[from], 3,
                  &large.rgb[(size_t(y) * size_t(large.width) + size_t(x)) * 3]);
    }
  }
  return large;
}

Image decode_image(std::span<const std::byte> file, const std::string& name) {
  const auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  const int size = static_cast<int>(std::min(file.size(), most_file_bytes));
  int width = 0, height = 0, channels = 0;
  if (file.empty() || !stbi_info_from_memory(bytes, size, &width, &height, &channels)) {
    throw InputError("[image] {} is no PNG or JPEG picture; convert it to one", name);
  }
  if (int64_t{width} * height > most_pixels) {
    throw InputError("[image] {} has {}x{} pixels, too many; make it smaller", name, width, height);
  }
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes, size, &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) {
    throw InputError("[image] {} is damaged ({}); save it again", name, stbi_failure_reason());
  }
  Image image{width, height, {}};
  image.rgb.assign(pixels.get(), pixels.get() + size_t(width) * size_t(height) * 3);
  return image;
}

bool has_picture_ending(const std::filesystem::path& path) {
  const std::string ending = lower_ascii(display(path.extension()));
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

std::string read_picture(const std::filesystem::path& path) {
  return read_file(path, most_file_bytes);
}

Image load_image(const std::filesystem::path& path) {
  const std::string file = read_picture(path);
  return decode_image(std::as_bytes(std::span(file)), display(path));
}

}  // namespace lacuna
