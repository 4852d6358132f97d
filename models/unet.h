// The UNet of Stable Diffusion 1.x (Rombach et al. 2022), diffusers' UNet2DConditionModel: predicts
// the noise in latents at a timestep for text embeddings. Every size comes from config.json; the
// SD 1.x family is covered: attention_head_dim as a number or a list, linear or convolutional
// projections, 9 input channels (inpainting), any order of the down and up block types below. What
// is not implemented is refused by name.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "models/layers.h"

namespace lacuna {

class Json;

struct LatentSize {
  int64_t height = 0, width = 0;
  bool operator==(const LatentSize&) const = default;
};

struct UNetConfig {
  int64_t in_channels = 4, out_channels = 4;
  std::vector<int64_t> block_out_channels = {320, 640, 1280, 1280};
  std::vector<int64_t> layers_per_block = {2, 2, 2, 2};
  std::vector<int64_t> transformer_layers_per_block = {1, 1, 1, 1};
  std::vector<int64_t> heads = {8, 8, 8, 8};  // attention_head_dim, which names the number of heads
  std::vector<bool> down_attention = {true, true, true, false};
  std::vector<bool> up_attention = {false, true, true, true};
  bool mid_block = true;
  int64_t cross_attention_dim = 768;
  int norm_num_groups = 32;
  float norm_eps = 1e-5f;
  bool use_linear_projection = false;
  bool flip_sin_to_cos = true;
  float freq_shift = 0;
  int downsample_padding = 1;
  int64_t sample_size = 64;  // side of the latents that the model was trained for

  static UNetConfig from_file(const std::filesystem::path& config_json);
  static UNetConfig from(const Json& config);
  // Latents, a mask and the latents of the image outside it: SD 1.5's inpainting UNet has nine.
  bool inpainting() const { return in_channels == 2 * out_channels + 1; }
  // The sinusoidal features of one timestep, width block_out_channels[0] (Vaswani et al. 2017),
  // computed on the host: arguments reach 1000, where a device's sin and cos have no guaranteed
  // accuracy.
  std::vector<float> time_features(float timestep) const;
};

class UNet {
 public:
  UNet(const Weights& weights, const UNetConfig& config);

  // latents [N,H,W,in], time_features [N,block_out_channels[0]], context [N,T,cross_attention_dim]
  // -> predicted noise [N,H,W,out]; all in the storage type of the weights. Keys and values that
  // cross-attention makes of the first `detached` tokens are constants for gradients (Concept
  // Ablation does so with the start token's).
  Tensor operator()(Tensor latents, Tensor time_features, Tensor context,
                    int64_t detached = 0) const;

  const UNetConfig& config() const { return config_; }

 private:
  struct ResnetBlock2D {
    GroupNorm norm1;
    Convolution conv1;
    Linear time_emb_proj;
    GroupNorm norm2;
    Convolution conv2;
    std::optional<Linear> conv_shortcut;  // 1x1
    ResnetBlock2D(const Weights& w, int64_t in, int64_t out, int64_t temb, const UNetConfig& c);
    Tensor operator()(Tensor x, Tensor silu_temb) const;
  };
  struct Attention {
    Linear to_q, to_k, to_v, to_out;
    int heads;
    Attention(const Weights& w, int64_t channels, int64_t context, int heads);
    Tensor operator()(Tensor x, Tensor context, Tensor residual, int64_t detached = 0) const;
  };
  struct FeedForward {
    Linear proj, out;
    FeedForward(const Weights& w, int64_t channels);
    Tensor operator()(Tensor x, Tensor residual) const { return out(geglu(proj(x)), residual); }
  };
  struct BasicTransformerBlock {
    LayerNorm norm1, norm2, norm3;
    Attention attn1, attn2;
    FeedForward ff;
    BasicTransformerBlock(const Weights& w, int64_t channels, int64_t context, int heads);
    Tensor operator()(Tensor x, Tensor context, int64_t detached) const;
  };
  struct Transformer2D {
    GroupNorm norm;
    Linear proj_in;
    std::vector<BasicTransformerBlock> transformer_blocks;
    Linear proj_out;
    Transformer2D(const Weights& w, int64_t channels, int64_t depth, int heads,
                  const UNetConfig& c);
    Tensor operator()(Tensor x, Tensor context, int64_t detached) const;
  };
  struct Block {
    std::vector<ResnetBlock2D> resnets;
    std::vector<Transformer2D> attentions;  // empty, or one per resnet (the mid block: one less)
    std::optional<Convolution> sampler;     // downsamplers.0.conv or upsamplers.0.conv
  };

  Block down_block(const Weights& w, size_t level) const;
  Block up_block(const Weights& w, size_t level) const;

  UNetConfig config_;
  Convolution conv_in_;
  Linear linear_1_, linear_2_;  // time_embedding
  std::vector<Block> down_blocks_;
  Block mid_block_;
  std::vector<Block> up_blocks_;
  GroupNorm conv_norm_out_;
  Convolution conv_out_;
};

}  // namespace lacuna
