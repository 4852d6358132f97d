#include <cmath>

#include "base/error.h"
#include "models/files/config.h"
#include "models/unet.h"

namespace lacuna {
namespace {

std::vector<bool> attention_of(const Json& json, std::string_view key, size_t levels,
                               std::string_view with, std::string_view without,
                               std::vector<std::string> otherwise) {
  const auto types = json.get<std::vector<std::string>>(key, std::move(otherwise));
  if (types.size() != levels)
    throw InputError("[unet] {}: \"{}\" has {} entries and block_out_channels has {}", json.where(),
                     key, types.size(), levels);
  std::vector<bool> attention;
  for (const std::string& type : types) {
    if (type != with && type != without)
      throw InputError("[unet] {}: \"{}\" names the unknown block '{}'; {} and {} are supported",
                       json.where(), key, type, with, without);
    attention.push_back(type == with);
  }
  return attention;
}

void refuse_unsupported_network(const Json& json) {
  const Expected expected[] = {{"_class_name", "UNet2DConditionModel"},
                               {"act_fn", "silu"},
                               {"resnet_time_scale_shift", "default"},
                               {"time_embedding_type", "positional"},
                               {"class_embed_type", nullptr},
                               {"addition_embed_type", nullptr},
                               {"encoder_hid_dim_type", nullptr},
                               {"encoder_hid_dim", nullptr},
                               {"dual_cross_attention", false},
                               {"only_cross_attention", false},
                               {"time_cond_proj_dim", nullptr},
                               {"time_embedding_dim", nullptr},
                               {"time_embedding_act_fn", nullptr},
                               {"timestep_post_act", nullptr},
                               {"cross_attention_norm", nullptr},
                               {"num_class_embeds", nullptr},
                               {"conv_in_kernel", 3},
                               {"conv_out_kernel", 3},
                               {"mid_block_scale_factor", 1},
                               {"resnet_out_scale_factor", 1.0},
                               {"resnet_skip_time_act", false},
                               {"attention_type", "default"},
                               {"mid_block_only_cross_attention", nullptr},
                               {"center_input_sample", false},
                               {"reverse_transformer_layers_per_block", nullptr}};
  refuse_other_values(json, expected);
}

}  // namespace

UNetConfig UNetConfig::from_file(const std::filesystem::path& path) {
  return from(read_json(path));
}

UNetConfig UNetConfig::from(const Json& json) {
  refuse_unsupported_network(json);
  UNetConfig c;
  c.in_channels = size_of_config(json, "in_channels", 4);
  c.out_channels = size_of_config(json, "out_channels", 4);
  if (c.in_channels != c.out_channels && !c.inpainting())
    throw InputError(
        "[unet] {}: \"in_channels\" is {}; a UNet with {} \"out_channels\" has as many or, for "
        "inpainting, {}",
        json.where(), c.in_channels, c.out_channels, 2 * c.out_channels + 1);
  c.block_out_channels = sizes_of_config(json, "block_out_channels", c.block_out_channels);
  const size_t levels = c.block_out_channels.size();
  if (levels < 1 || levels > 16)
    throw InputError("[unet] {}: \"block_out_channels\" has {} levels; 1 to 16 are possible",
                     json.where(), levels);
  c.layers_per_block = per_level(json, "layers_per_block", levels, 2);
  c.transformer_layers_per_block = per_level(json, "transformer_layers_per_block", levels, 1);
  // diffusers reads num_attention_heads if present and else attention_head_dim as the number of
  // heads.
  c.heads = per_level(
      json, json.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", levels,
      8);
  c.down_attention = attention_of(
      json, "down_block_types", levels, "CrossAttnDownBlock2D", "DownBlock2D",
      {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"});
  c.up_attention =
      attention_of(json, "up_block_types", levels, "CrossAttnUpBlock2D", "UpBlock2D",
                   {"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"});
  // An absent key means diffusers' default; null means a UNet without a mid block.
  c.mid_block = !json.is_null("mid_block_type");
  if (const std::string mid = json.get<std::string>("mid_block_type", "UNetMidBlock2DCrossAttn");
      mid != "UNetMidBlock2DCrossAttn")
    throw InputError(
        "[unet] {}: \"mid_block_type\" '{}' is unknown; UNetMidBlock2DCrossAttn is supported",
        json.where(), mid);
  const auto context = per_level(json, "cross_attention_dim", levels, 1280);
  for (int64_t dim : context)
    if (dim != context[0])
      throw InputError(
          "[unet] {}: \"cross_attention_dim\" differs between levels, which is not supported",
          json.where());
  c.cross_attention_dim = context[0];
  c.norm_num_groups = static_cast<int>(size_of_config(json, "norm_num_groups", 32));
  c.norm_eps = json.number("norm_eps", 1e-5f, 0.0f, 1.0f);
  c.use_linear_projection = json.get<bool>("use_linear_projection", false);
  c.flip_sin_to_cos = json.get<bool>("flip_sin_to_cos", true);
  c.freq_shift = json.number("freq_shift", 0.0f, 0.0f, 1.0f);
  c.downsample_padding = json.number("downsample_padding", 1, 0, 1);
  c.sample_size = json.number<int64_t>("sample_size", c.sample_size, 1, 1024);
  for (size_t i = 0; i < levels; i++)
    if (c.block_out_channels[i] % c.heads[i] != 0 ||
        c.block_out_channels[i] % c.norm_num_groups != 0)
      throw InputError("[unet] {}: {} channels do not divide into {} heads and {} norm groups",
                       json.where(), c.block_out_channels[i], c.heads[i], c.norm_num_groups);
  return c;
}

std::vector<float> UNetConfig::time_features(float timestep) const {
  const int64_t width = block_out_channels[0], half = width / 2;
  std::vector<float> features(static_cast<size_t>(width), 0.0f);  // an odd width ends with a zero
  for (int64_t i = 0; i < half; i++) {
    // The frequency is rounded to float as in diffusers: at t near 1000 its last bit shows.
    const float exponent =
        -std::log(10000.0f) * static_cast<float>(i) / (static_cast<float>(half) - freq_shift);
    const float angle = timestep * std::exp(exponent);
    features[static_cast<size_t>(flip_sin_to_cos ? half + i : i)] = std::sin(angle);
    features[static_cast<size_t>(flip_sin_to_cos ? i : half + i)] = std::cos(angle);
  }
  return features;
}

}  // namespace lacuna
