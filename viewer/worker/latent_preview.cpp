#include "viewer/worker/latent_preview.h"

#include <Eigen/Dense>
#include <cmath>

#include "base/rng.h"

namespace lacuna::viewer {
namespace {

// Squares of random colours, several latents wide: what pictures mostly are, areas with edges.
Image colour_squares(int side, int square, Rng& rng) {
  const int across = (side + square - 1) / square;
  std::vector<float> noise(static_cast<size_t>(across) * static_cast<size_t>(across) * 3);
  rng.randn(std::span<float>(noise));
  Image image = blank_image(side, side, 0);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      for (int c = 0; c < 3; c++) {
        const auto from = static_cast<size_t>((y / square * across + x / square) * 3 + c);
        // The normal distribution's share below: evenly from dark to light.
        const double share = 0.5 * std::erfc(-static_cast<double>(noise[from]) / std::sqrt(2.0));
        image.rgb[static_cast<size_t>((y * side + x) * 3 + c)] =
            static_cast<uint8_t>(std::lround(255 * share));
      }
  return image;
}

// The mean colour of each latent's pixels, [h*w][3], from -1 to 1.
Eigen::MatrixXd mean_colours(const Image& image, LatentSize size) {
  const auto width = static_cast<int>(size.width), height = static_cast<int>(size.height);
  const int step = image.width / width;
  Eigen::MatrixXd colours = Eigen::MatrixXd::Zero(width * height, 3);
  for (int y = 0; y < height * step; y++)
    for (int x = 0; x < width * step; x++)
      for (int c = 0; c < 3; c++)
        colours(y / step * width + x / step, c) +=
            image.rgb[static_cast<size_t>((y * image.width + x) * 3 + c)] / 127.5 - 1;
  return colours / (step * step);
}

std::vector<float> fitted(StableDiffusion& model) {
  constexpr int pictures = 4;
  const auto channels = static_cast<int>(model.vae_config().latent_channels);
  const auto factor = static_cast<int>(model.vae_config().factor());
  const int side = static_cast<int>(std::min<int64_t>(model.default_size(), 128));
  const LatentSize size = model.latent_size(side, side);
  const auto cells = static_cast<int>(size.width * size.height);
  Eigen::MatrixXd inputs(cells * pictures, channels + 1), outputs(cells * pictures, 3);
  Rng rng(RngKind::torch, 1);
  for (int p = 0; p < pictures; p++) {
    const Image image = colour_squares(side, factor * (2 + p), rng);
    const std::vector<float> latents = model.encode(image);
    for (int i = 0; i < cells; i++) {
      for (int c = 0; c < channels; c++)
        inputs(p * cells + i, c) = latents[static_cast<size_t>(c * cells + i)];
      inputs(p * cells + i, channels) = 1;
    }
    outputs.middleRows(p * cells, cells) = mean_colours(image, size);
  }
  model.release_encoder();
  const Eigen::MatrixXd solution = inputs.colPivHouseholderQr().solve(outputs);
  std::vector<float> factors;
  for (int r = 0; r <= channels; r++)
    for (int c = 0; c < 3; c++) factors.push_back(static_cast<float>(solution(r, c)));
  return factors;
}

}  // namespace

LatentPreview::LatentPreview(StableDiffusion& model) : factors_(fitted(model)) {}

Image LatentPreview::operator()(std::span<const float> latents, LatentSize size) const {
  const auto cells = static_cast<size_t>(size.width * size.height);
  const size_t channels = factors_.size() / 3 - 1;
  std::vector<float> pixels(cells * 3);
  for (size_t i = 0; i < cells; i++)
    for (size_t k = 0; k < 3; k++) {
      float value = factors_[channels * 3 + k];
      for (size_t c = 0; c < channels; c++) value += factors_[c * 3 + k] * latents[c * cells + i];
      pixels[i * 3 + k] = value;
    }
  return image_from_floats(pixels, static_cast<int>(size.width), static_cast<int>(size.height));
}

}  // namespace lacuna::viewer
