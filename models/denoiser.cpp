#include "models/denoiser.h"

#include "base/error.h"
#include "models/layout.h"

namespace lacuna {

Denoiser::Denoiser(const UNet& unet, DType dtype, int64_t batch, LatentSize size, std::string name)
    : unet_(unet), dtype_(dtype), batch_(batch), size_(size), name_(std::move(name)) {}

Denoiser::Inputs Denoiser::in(Graph& g, int64_t tokens) const {
  return in(g, g.input(input("sequence"), {batch_, tokens, unet_.config().cross_attention_dim}));
}

Denoiser::Inputs Denoiser::in(Graph& g, Tensor sequence) const {
  const UNetConfig& c = unet_.config();
  Inputs inputs;
  inputs.latents = g.input(input("latents"), {batch_, size_.height, size_.width, c.out_channels});
  if (c.inpainting())
    inputs.canvas = g.input(input("canvas"),
                            {batch_, size_.height, size_.width, c.in_channels - c.out_channels});
  inputs.features = g.input(input("time_features"), {batch_, c.block_out_channels[0]});
  inputs.sequence = sequence;
  return inputs;
}

Tensor Denoiser::predict(const Inputs& in, int64_t detached) const {
  const Tensor latents = cast(in.latents, dtype_);
  return unet_(in.canvas ? concat(latents, cast(in.canvas, dtype_)) : latents,
               cast(in.features, dtype_), cast(in.sequence, dtype_), detached);
}

void Denoiser::fill(Feed& feed, std::span<const DenoiserInput> entries) const {
  const UNetConfig& c = unet_.config();
  const int64_t beside = c.in_channels - c.out_channels;
  std::vector<float> latents, canvas, features, sequence;
  for (const DenoiserInput& entry : entries) {
    append_channels_last(latents, entry.latents, c.out_channels);
    if (c.inpainting()) {
      if (static_cast<int64_t>(entry.canvas.size()) != beside * size_.height * size_.width)
        throw InputError(
            "[unet] an inpainting UNet needs a mask and the latents of a masked image beside the "
            "latents, {} numbers, and got {}",
            beside * size_.height * size_.width, entry.canvas.size());
      append_channels_last(canvas, entry.canvas, beside);
    }
    const std::vector<float> f = c.time_features(entry.timestep);
    features.insert(features.end(), f.begin(), f.end());
    if (const Embeddings& e = entry.conditioning.sequence)
      sequence.insert(sequence.end(), e->begin(), e->end());
  }
  feed.set(input("latents"), std::move(latents));
  if (c.inpainting()) feed.set(input("canvas"), std::move(canvas));
  feed.set(input("time_features"), std::move(features));
  if (!sequence.empty()) feed.set(input("sequence"), std::move(sequence));
}

}  // namespace lacuna
