// Images on the host: 8-bit RGB, rows from the top, and their PNG form with text chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lacuna {

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height][width][3]
  bool operator==(const Image&) const = default;
};

Image blank_image(int width, int height, uint8_t gray);

// What the VAE decodes, [height][width][3] about -1 to 1, clamped and
// rounded as diffusers does; and back.
Image image_from_floats(std::span<const float> nhwc, int width, int height);
std::vector<float> floats_from_image(const Image& image);

Image upscale(const Image& image, int factor);  // every pixel becomes a square of factor x factor

// PNG and JPEG; alpha is dropped. `name` stands for the file in messages.
Image decode_image(std::span<const std::byte> file, const std::string& name);
// Whether the file's name ends like those of images that decode_image() reads, in lower or upper
// case.
bool has_picture_ending(const std::filesystem::path& path);
// The file itself, of a size that an image may have. It is read, not mapped, because other programs
// may write to it.
std::string read_picture(const std::filesystem::path& path);
Image load_image(const std::filesystem::path& path);

// Keyword and value, both UTF-8: {"parameters", "a cat\nSteps: 25, Seed: 1"}. As Pillow and so the
// Stable Diffusion web interfaces do it: tEXt if the value fits Latin-1, else iTXt.
using TextChunks = std::vector<std::pair<std::string, std::string>>;

std::vector<std::byte> encode_png(const Image& image, const TextChunks& texts = {});
// By its first bytes, whatever the file is called.
bool is_png(std::span<const std::byte> file);
TextChunks png_texts(std::span<const std::byte> file, const std::string& name);
// How the image was made, as it says under "parameters"; empty if it says nothing or is no PNG.
std::string png_parameters(std::span<const std::byte> file, const std::string& name);

}  // namespace lacuna
