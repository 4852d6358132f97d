// The autoencoder of Stable Diffusion, diffusers' AutoencoderKL (Kingma and Welling 2014; Rombach
// et al. 2022): pixels in [-1, 1] <-> latents, a factor of 2 per level but the last.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "models/layers.h"

namespace lacuna {

struct VaeConfig {
  int64_t in_channels = 3, out_channels = 3, latent_channels = 4;
  std::vector<int64_t> block_out_channels = {128, 256, 512, 512};
  int64_t layers_per_block = 2;
  int norm_num_groups = 32;
  float scaling_factor = 0.18215f;  // latents of the UNet = (latents of the VAE - shift) * scaling
  float shift_factor = 0;
  bool quant_conv = true, post_quant_conv = true, mid_attention = true;

  static VaeConfig from_file(const std::filesystem::path& config_json);
  // Pixels per latent pixel along each side.
  int64_t factor() const { return int64_t{1} << (block_out_channels.size() - 1); }
};

struct VaeResnet {
  GroupNorm norm1;
  Convolution conv1;
  GroupNorm norm2;
  Convolution conv2;
  std::optional<Linear> conv_shortcut;  // 1x1
  VaeResnet(const Weights& w, int64_t in, int64_t out, int groups);
  Tensor operator()(Tensor x) const;
};

// One head over all channels; checkpoints name its parts to_q, ... or, older, query, ...
struct VaeAttention {
  GroupNorm group_norm;
  Linear to_q, to_k, to_v, to_out;
  VaeAttention(const Weights& w, int64_t channels, int groups);
  Tensor operator()(Tensor x) const;
};

struct VaeMidBlock {
  VaeResnet resnet0;
  std::optional<VaeAttention> attention;
  VaeResnet resnet1;
  VaeMidBlock(const Weights& w, int64_t channels, const VaeConfig& c);
  Tensor operator()(Tensor x) const;
};

struct VaeBlock {
  std::vector<VaeResnet> resnets;
  std::optional<Convolution> sampler;
};

class VaeEncoder {
 public:
  VaeEncoder(const Weights& weights, const VaeConfig& config);
  // pixels [N,H,W,3] in [-1,1] -> mean and log variance of the posterior [N,H/f,W/f,2*latent], in
  // VAE scale.
  Tensor operator()(Tensor pixels) const;

 private:
  VaeConfig config_;
  Convolution conv_in_;
  std::vector<VaeBlock> down_blocks_;
  VaeMidBlock mid_block_;
  GroupNorm conv_norm_out_;
  Convolution conv_out_;
  std::optional<Linear> quant_conv_;
};

class VaeDecoder {
 public:
  VaeDecoder(const Weights& weights, const VaeConfig& config);
  // latents in VAE scale [N,h,w,latent] -> pixels [N,h*f,w*f,3], about [-1,1].
  Tensor operator()(Tensor latents) const;

 private:
  VaeConfig config_;
  std::optional<Linear> post_quant_conv_;
  Convolution conv_in_;
  VaeMidBlock mid_block_;
  std::vector<VaeBlock> up_blocks_;
  GroupNorm conv_norm_out_;
  Convolution conv_out_;
};

}  // namespace lacuna
