#include "models/regional.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lacuna {

RegionMode parse_region_mode(std::string_view name) {
  if (name == "prediction") return RegionMode::prediction;
  if (name == "latents") return RegionMode::latents;
  throw InputError("[region] mode '{}' is unknown; choose prediction or latents", name);
}

namespace {

// inside * edited + (1 - inside) * original, channel by channel. Where nothing is mixed the bits of
// either stay.
void mix_in(std::span<float> edited, std::span<const float> original,
            std::span<const float> inside) {
  for (size_t i = 0; i < edited.size(); i++) {
    const float m = inside[i % inside.size()];
    edited[i] = m == 1 ? edited[i] : m == 0 ? original[i] : m * edited[i] + (1 - m) * original[i];
  }
}

// The same for decoded images, whose m is interpolated between the latents: a latent beyond the
// border the image is the original's. Attention and group norms of the VAE know no distance, so
// latents that stay would not be enough.
void mix_in(Image& edited, const Image& original, std::span<const float> inside, LatentSize size) {
  const auto at = [&](int64_t y, int64_t x) {
    return inside[static_cast<size_t>(std::clamp<int64_t>(y, 0, size.height - 1) * size.width +
                                      std::clamp<int64_t>(x, 0, size.width - 1))];
  };
  size_t k = 0;
  for (int py = 0; py < edited.height; py++) {
    const double y = (py + 0.5) * static_cast<double>(size.height) / edited.height - 0.5;
    const double fy = std::floor(y);
    for (int px = 0; px < edited.width; px++) {
      const double x = (px + 0.5) * static_cast<double>(size.width) / edited.width - 0.5;
      const double fx = std::floor(x);
      const auto i = static_cast<int64_t>(fy), j = static_cast<int64_t>(fx);
      const double top = at(i, j) + (x - fx) * (at(i, j + 1) - at(i, j));
      const double bottom = at(i + 1, j) + (x - fx) * (at(i + 1, j + 1) - at(i + 1, j));
      const double m = top + (y - fy) * (bottom - top);
      for (int c = 0; c < 3; c++, k++)
        edited.rgb[k] =
            static_cast<uint8_t>(std::lround(m * edited.rgb[k] + (1 - m) * original.rgb[k]));
    }
  }
}

}  // namespace

void OriginalBeside::mix_predictions(Walk& edited, std::span<std::vector<float>> predictions,
                                     int call) {
  const bool mixes = regional_.mode == RegionMode::prediction;
  if (mixes)
    for (size_t i = 0; i < walk_.images(); i++) walk_.latents(i) = edited.latents(i);
  predictions_.clear();
  for (const Predictions& p : walk_.predict(regional_.original, call))
    predictions_.push_back(guided(p, guidance_));
  if (mixes)
    for (size_t i = 0; i < walk_.images(); i++)
      mix_in(predictions[i], predictions_[i], regional_.inside);
}

void OriginalBeside::mix_latents(Walk& edited, int call) {
  if (regional_.mode != RegionMode::latents) return;
  for (size_t i = 0; i < walk_.images(); i++) {
    walk_.step(call, i, predictions_[i]);
    mix_in(edited.latents(i), walk_.latents(i), regional_.inside);
  }
}

void OriginalBeside::mix_image(StableDiffusion& model, LatentSize size, size_t i, Image& edited) {
  if (regional_.mode != RegionMode::latents) return;
  mix_in(edited, model.decode(walk_.latents(i), size), regional_.inside, size);
}

}  // namespace lacuna
