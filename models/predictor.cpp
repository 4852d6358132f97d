#include "models/predictor.h"

#include <cmath>

#include "base/error.h"
#include "models/layout.h"

namespace lacuna {

void check_finite(std::span<const float> values, const char* what) {
  for (float v : values)
    if (!std::isfinite(v))
      throw DeviceError(
          "[{}] the result contains {}; try --precision f32, and `lacuna sample --trace` shows the "
          "first op that went wrong",
          what, std::isnan(v) ? "NaN" : "infinity");
}

Predictor::Predictor(Device& device, const UNet& unet, DType dtype, int64_t context_length,
                     Overlay overlay)
    : unet_(unet),
      dtype_(dtype),
      context_length_(context_length),
      overlay_(std::move(overlay)),
      program_(device, [this](Graph& g, const Key& key) { trace(g, key); }) {}

void Predictor::trace(Graph& g, const Key& key) const {
  const Denoiser denoiser(unet_, dtype_, key.batch, key.size);
  const Denoiser::Inputs inputs = denoiser.in(g, context_length_);
  if (overlay_) overlay_(g);
  g.output("epsilon", cast(denoiser.predict(inputs), DType::f32));
}

std::vector<std::vector<float>> Predictor::operator()(std::span<const DenoiserInput> batch,
                                                      LatentSize size) {
  const auto count = static_cast<int64_t>(batch.size());
  Plan& p = plan(count, size);
  Feed feed;
  Denoiser(unet_, dtype_, count, size).fill(feed, batch);
  feed.to(p);
  p.run();
  evaluations_ += count;
  const std::vector<float> epsilon = p.get("epsilon");
  check_finite(epsilon, "unet");
  std::vector<std::vector<float>> predictions;
  const size_t each = epsilon.size() / batch.size();
  for (size_t i = 0; i < batch.size(); i++)
    predictions.push_back(
        to_channels_first(std::span(epsilon).subspan(i * each, each), unet_.config().out_channels));
  return predictions;
}

}  // namespace lacuna
