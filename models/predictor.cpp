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

UNetInputs::UNetInputs(Graph& g, const UNetConfig& c, int64_t batch, LatentSize size,
                       int64_t context_length)
    : UNetInputs(g, c, size, g.input("context", {batch, context_length, c.cross_attention_dim})) {}

UNetInputs::UNetInputs(Graph& g, const UNetConfig& c, LatentSize size, Tensor text_states)
    : latents(g.input("latents", {text_states.shape()[0], size.height, size.width, c.in_channels})),
      features(g.input("time_features", {text_states.shape()[0], c.block_out_channels[0]})),
      context(text_states) {}

Tensor UNetInputs::predict(const UNet& unet, DType dtype, int64_t detached) const {
  return unet(cast(latents, dtype), cast(features, dtype), cast(context, dtype), detached);
}

void UNetInputs::set(Plan& plan, const UNetConfig& c, LatentSize size,
                     std::span<const UNetInput> batch) {
  std::vector<float> latents, features, context;
  for (const UNetInput& entry : batch) {
    if (c.inpainting()) {
      const std::span<const float> given = c.nothing_given(size);
      std::vector<float> channels(entry.latents.begin(), entry.latents.end());
      channels.insert(channels.end(), given.begin(), given.end());
      append_channels_last(latents, channels, c.in_channels);
    } else {
      append_channels_last(latents, entry.latents, c.in_channels);
    }
    const std::vector<float> f = c.time_features(entry.timestep);
    features.insert(features.end(), f.begin(), f.end());
    if (entry.text) context.insert(context.end(), entry.text->begin(), entry.text->end());
  }
  plan.set("latents", std::span<const float>(latents));
  plan.set("time_features", std::span<const float>(features));
  if (!context.empty()) plan.set("context", std::span<const float>(context));
}

Predictor::Predictor(Device& device, const UNet& unet, DType dtype, int64_t context_length,
                     Overlay overlay)
    : device_(device),
      unet_(unet),
      dtype_(dtype),
      context_length_(context_length),
      overlay_(std::move(overlay)) {}

void Predictor::set_overlay(Overlay overlay) {
  overlay_ = std::move(overlay);
  plan_.reset();
}

Plan& Predictor::plan(int64_t batch, LatentSize size) {
  if (plan_ && batch_ == batch && size_ == size) return *plan_;
  plan_.reset();  // its memory first
  Graph g;
  const UNetInputs inputs(g, unet_.config(), batch, size, context_length_);
  if (overlay_) overlay_(g);
  g.output("epsilon", cast(inputs.predict(unet_, dtype_), DType::f32));
  plan_.emplace(device_, g);
  batch_ = batch;
  size_ = size;
  return *plan_;
}

std::vector<std::vector<float>> Predictor::operator()(std::span<const UNetInput> batch,
                                                      LatentSize size) {
  Plan& p = plan(static_cast<int64_t>(batch.size()), size);
  UNetInputs::set(p, unet_.config(), size, batch);
  p.run();
  evaluations_ += static_cast<int64_t>(batch.size());
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
