// StableDiffusion: a model's files (models/files/model_files.h) as four models (tokenizer, CLIP
// text encoder, UNet, VAE) and a noise schedule on one device, with the plans that run them.
//
// Latents on the host are [C,H,W] floats, as PyTorch and the random generators order them;
// conversion to the kernels' N,H,W,C happens here. Plans are compiled at first use (program.h). The
// device must outlive the object.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/plan.h"
#include "models/files/model_files.h"
#include "models/files/weight_store.h"
#include "models/predictor.h"
#include "models/samplers/noise_schedule.h"
#include "models/text/text_predictor.h"
#include "models/vae.h"
#include "pictures/image.h"

namespace lacuna {

class StableDiffusion {
 public:
  // Throws InputError naming the file for everything that is missing or wrong in the files.
  StableDiffusion(Device& device, const std::filesystem::path& path, Precision precision);
  StableDiffusion(const StableDiffusion&) = delete;
  StableDiffusion& operator=(const StableDiffusion&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return model_name(path_); }
  Device& device() const { return device_; }
  TextEncoder& text_encoder() { return text_; }
  const Tokenizer& tokenizer() const { return text_.tokenizer(); }
  const NoiseSchedule& noise_schedule() const { return schedule_; }
  const UNetConfig& unet_config() const { return unet_.config(); }
  const VaeConfig& vae_config() const { return vae_config_; }
  DType dtype() const { return dtype_; }
  uint64_t weight_bytes() const;

  // Pixel sides of the size the model was trained for.
  int64_t default_size() const { return unet_.config().sample_size * vae_config_.factor(); }
  // Throws InputError when a side is no multiple of the VAE's factor, or beyond reason.
  LatentSize latent_size(int64_t width, int64_t height) const;

  // Text encoder and UNet as they are in their files. An edited one is a TextPredictor or Predictor
  // of its own.
  TextPredictor& text_predictor() { return text_predictor_; }
  Predictor& predictor() { return predictor_; }
  const UNet& unet() const { return unet_; }
  const WeightStore& unet_weights() const { return unet_weights_; }
  const WeightStore& text_weights() const { return text_.weights(); }
  // Latents as the UNet sees them -> image. Throws DeviceError when the result is not finite.
  Image decode(std::span<const float> latents, LatentSize size);
  // For programs that show images with the device that made them: from now on decode() also leaves
  // its image there.
  void keep_decoded();
  // The last one, [height][width] of bytes R, G, B, 255, in a buffer of its own; null when none is
  // kept, the device has no room or something else has been computed since.
  std::shared_ptr<const Buffer> decoded() const;
  // Image -> mean of the posterior or, with a generator, a sample of it (one normal number for each
  // value of the latents, in their order), scaled for the UNet.
  std::vector<float> encode(const Image& image, Rng* noise = nullptr);
  // What an inpainting UNet sees beside the latents when it is to paint the whole image: the mask,
  // 1 everywhere, and the latents of a grey image, [1+C,H,W]. Valid until another size is asked
  // for. Empty for other UNets.
  std::span<const float> blank_canvas(LatentSize size);
  // Gives the memory of the encoder's plan back until it is needed again.
  void release_encoder() { encoder_.clear(); }

  // Compiled plans, for --profile, --trace and memory figures; predictor() has the UNet's.
  Plan& decoder_plan(LatentSize size) { return decoder_.plan(size); }
  Plan& encoder_plan(LatentSize size) { return encoder_.plan(size); }
  Plan& text_plan() { return text_predictor_.plan(); }

 private:
  void trace_decoder(Graph& graph, LatentSize size);
  void trace_encoder(Graph& graph, LatentSize size);
  // Of [height][width][3] values from -1 to 1.
  std::vector<float> encode_pixels(std::span<const float> pixels, LatentSize size, Rng* noise);

  Device& device_;
  std::filesystem::path path_;
  DType dtype_;
  TextEncoder text_;
  TextPredictor text_predictor_;
  WeightStore unet_weights_, vae_weights_;
  NoiseSchedule schedule_;
  UNet unet_;
  VaeConfig vae_config_;
  Predictor predictor_;
  std::optional<VaeDecoder> vae_decoder_;  // loaded when first needed
  std::optional<VaeEncoder> vae_encoder_;
  Program<LatentSize> decoder_, encoder_;
  bool keep_decoded_ = false;
  std::vector<float> blank_canvas_;
  LatentSize canvas_size_;
};

}  // namespace lacuna
