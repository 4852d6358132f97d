#include "models/stable_diffusion.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"

namespace lacuna {
StableDiffusion::StableDiffusion(Device& device, const std::filesystem::path& path,
                                 Precision precision)
    : device_(device),
      path_(path),
      dtype_(storage_type(precision, device)),
      text_(device, path, dtype_),
      text_predictor_(text_),
      unet_weights_(device, open_weights(path, ModelPart::unet),
                    ModelPart::unet->storage_for(dtype_)),
      vae_weights_(device, open_weights(path, ModelPart::vae), ModelPart::vae->storage_for(dtype_)),
      schedule_(NoiseSchedule::load(part(path, "scheduler") / "scheduler_config.json")),
      unet_(unet_weights_, UNetConfig::from(configuration(path, ModelPart::unet))),
      vae_config_(VaeConfig::from_file(part(path, "vae") / "config.json")),
      predictor_(device, unet_, dtype_, text_.tokenizer().context()),
      decoder_(device, [this](Graph& g, LatentSize size) { trace_decoder(g, size); }),
      encoder_(device, [this](Graph& g, LatentSize size) { trace_encoder(g, size); }) {
  if (unet_.config().cross_attention_dim != text_.width())
    throw InputError(
        "[model] {}: the UNet reads text embeddings of width {} and the text encoder gives {}; "
        "they do "
        "not belong "
        "together",
        display(path), unet_.config().cross_attention_dim, text_.width());
  if (unet_.config().out_channels != vae_config_.latent_channels)
    throw InputError(
        "[model] {}: the UNet gives {} channels and the VAE takes {}; they do not belong together",
        display(path), unet_.config().out_channels, vae_config_.latent_channels);
}

// As diffusers' inpainting pipeline has it where the mask is white: 1, and a picture of zeros,
// which is grey.
std::span<const float> StableDiffusion::blank_canvas(LatentSize size) {
  if (!unet_.config().inpainting()) return {};
  if (blank_canvas_.empty() || canvas_size_ != size) {
    const int64_t factor = vae_config_.factor();
    const std::vector<float> grey(
        static_cast<size_t>(3 * size.height * size.width * factor * factor));
    const std::vector<float> latents = encode_pixels(grey, size, nullptr);
    release_encoder();
    blank_canvas_.assign(static_cast<size_t>(size.height * size.width), 1.0f);
    blank_canvas_.insert(blank_canvas_.end(), latents.begin(), latents.end());
    canvas_size_ = size;
  }
  return blank_canvas_;
}

uint64_t StableDiffusion::weight_bytes() const {
  return text_.weights().device_bytes() + unet_weights_.device_bytes() +
         vae_weights_.device_bytes();
}

LatentSize StableDiffusion::latent_size(int64_t width, int64_t height) const {
  const int64_t factor = vae_config_.factor();
  if (width < factor || height < factor || width > 8192 || height > 8192 || width % factor != 0 ||
      height % factor != 0) {
    const auto nearest = [&](int64_t side) {
      return (std::clamp<int64_t>(side, factor, 8192) + factor / 2) / factor * factor;
    };
    throw InputError(
        "[size] {}x{} cannot be drawn: sides must be multiples of {} between {} and 8192; the "
        "nearest is {}x{}",
        width, height, factor, factor, nearest(width), nearest(height));
  }
  return {height / factor, width / factor};
}

void StableDiffusion::trace_decoder(Graph& g, LatentSize size) {
  if (!vae_decoder_) vae_decoder_.emplace(vae_weights_, vae_config_);
  const Tensor latents =
      g.input("latents", {1, size.height, size.width, vae_config_.latent_channels});
  const Tensor pixels = cast((*vae_decoder_)(cast(latents, vae_weights_.dtype())), DType::f32);
  g.output("pixels", pixels);
  if (keep_decoded_) g.output("rgba", rgba8(pixels));
}

Image StableDiffusion::decode(std::span<const float> latents, LatentSize size) {
  std::vector<float> input(latents.size());
  to_channels_last(latents, vae_config_.latent_channels, input);
  for (float& v : input) v = v / vae_config_.scaling_factor + vae_config_.shift_factor;
  Plan& plan = decoder_plan(size);
  plan.set("latents", std::span<const float>(input));
  plan.run();
  const std::vector<float> pixels = plan.get("pixels");
  check_finite(pixels, "vae");
  const int64_t factor = vae_config_.factor();
  return image_from_floats(pixels, static_cast<int>(size.width * factor),
                           static_cast<int>(size.height * factor));
}

void StableDiffusion::keep_decoded() {
  if (!keep_decoded_) decoder_.clear();
  keep_decoded_ = true;
}

std::shared_ptr<const Buffer> StableDiffusion::decoded() const {
  const Plan* const last = decoder_.last();
  if (!keep_decoded_ || !last) return nullptr;
  try {
    return std::make_shared<Buffer>(last->copy("rgba"));
  } catch (const DeviceError&) { return nullptr; }  // the picture is on the host as well
}

void StableDiffusion::trace_encoder(Graph& g, LatentSize size) {
  if (!vae_encoder_) vae_encoder_.emplace(vae_weights_, vae_config_);
  const int64_t factor = vae_config_.factor(), channels = vae_config_.latent_channels;
  const Tensor pixels = g.input("pixels", {1, size.height * factor, size.width * factor, 3});
  const Tensor moments = (*vae_encoder_)(cast(pixels, vae_weights_.dtype()));
  g.output("mean", cast(slice(moments, 0, channels), DType::f32));
  g.output("logvar", cast(slice(moments, channels, channels), DType::f32));
}

std::vector<float> StableDiffusion::encode(const Image& image, Rng* noise) {
  return encode_pixels(floats_from_image(image), latent_size(image.width, image.height), noise);
}

std::vector<float> StableDiffusion::encode_pixels(std::span<const float> pixels, LatentSize size,
                                                  Rng* noise) {
  Plan& plan = encoder_plan(size);
  plan.set("pixels", pixels);
  plan.run();
  std::vector<float> latents = to_channels_first(plan.get("mean"), vae_config_.latent_channels);
  if (noise) {
    const std::vector<float> logvar =
        to_channels_first(plan.get("logvar"), vae_config_.latent_channels);
    std::vector<float> n(latents.size());
    noise->randn(std::span<float>(n));
    for (size_t i = 0; i < n.size(); i++)
      latents[i] += std::exp(0.5f * std::clamp(logvar[i], -30.0f, 20.0f)) * n[i];
  }
  for (float& v : latents) v = (v - vae_config_.shift_factor) * vae_config_.scaling_factor;
  check_finite(latents, "vae");
  return latents;
}

}  // namespace lacuna
