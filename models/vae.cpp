#include "models/vae.h"

#include "base/error.h"
#include "models/files/config.h"

namespace lacuna {
namespace {

constexpr float eps = 1e-6f;

void check_block_types(const Json& json, std::string_view key, std::string_view type,
                       size_t levels) {
  for (const std::string& name :
       json.get<std::vector<std::string>>(key, std::vector<std::string>(levels, std::string(type))))
    if (name != type)
      throw InputError("[vae] {}: \"{}\" names the unknown block '{}'; {} is supported",
                       json.where(), key, name, type);
}

}  // namespace

VaeConfig VaeConfig::from_file(const std::filesystem::path& path) {
  const Json json = read_json(path);
  const Expected expected[] = {{"_class_name", "AutoencoderKL"}, {"act_fn", "silu"}};
  refuse_other_values(json, expected);
  VaeConfig c;
  c.in_channels = size_of_config(json, "in_channels", 3);
  c.out_channels = size_of_config(json, "out_channels", 3);
  if (c.in_channels != 3 || c.out_channels != 3)
    throw InputError("[vae] {}: pictures have 3 channels, not {} and {}", json.where(),
                     c.in_channels, c.out_channels);
  c.latent_channels = size_of_config(json, "latent_channels", 4);
  c.block_out_channels = sizes_of_config(json, "block_out_channels", {64});
  if (c.block_out_channels.empty() || c.block_out_channels.size() > 8)
    throw InputError("[vae] {}: \"block_out_channels\" has {} levels; 1 to 8 are possible",
                     json.where(), c.block_out_channels.size());
  c.layers_per_block = size_of_config(json, "layers_per_block", 1);
  c.norm_num_groups = static_cast<int>(size_of_config(json, "norm_num_groups", 32));
  for (int64_t channels : c.block_out_channels)
    if (channels % c.norm_num_groups != 0)
      throw InputError("[vae] {}: {} channels do not divide into {} norm groups", json.where(),
                       channels, c.norm_num_groups);
  c.scaling_factor = json.number("scaling_factor", 0.18215f, 1e-6f, 1e6f);
  c.shift_factor = json.number("shift_factor", 0.0f, -1e6f, 1e6f);
  c.quant_conv = json.get<bool>("use_quant_conv", true);
  c.post_quant_conv = json.get<bool>("use_post_quant_conv", true);
  c.mid_attention = json.get<bool>("mid_block_add_attention", true);
  check_block_types(json, "down_block_types", "DownEncoderBlock2D", c.block_out_channels.size());
  check_block_types(json, "up_block_types", "UpDecoderBlock2D", c.block_out_channels.size());
  return c;
}

VaeResnet::VaeResnet(const Weights& w, int64_t in, int64_t out, int groups)
    : norm1(w["norm1"], in, groups, eps),
      conv1(w["conv1"], in, out),
      norm2(w["norm2"], out, groups, eps),
      conv2(w["conv2"], out, out) {
  if (in != out) conv_shortcut.emplace(w["conv_shortcut"], in, out);
}

Tensor VaeResnet::operator()(Tensor x) const {
  const Tensor h = conv1(norm1.with_silu(x));
  return conv2(norm2.with_silu(h), conv_shortcut ? (*conv_shortcut)(x) : x);
}

VaeAttention::VaeAttention(const Weights& w, int64_t channels, int groups)
    : group_norm(w["group_norm"], channels, groups, eps),
      to_q(w.any_of({"to_q", "query"}), channels, channels),
      to_k(w.any_of({"to_k", "key"}), channels, channels),
      to_v(w.any_of({"to_v", "value"}), channels, channels),
      to_out(w.any_of({"to_out.0", "proj_attn"}), channels, channels) {}

Tensor VaeAttention::operator()(Tensor x) const {
  const Shape image = x.shape();
  const Tensor h = group_norm(x).reshape({image[0], image[1] * image[2], image[3]});
  return to_out(lacuna::attention(to_q(h), to_k(h), to_v(h), 1), x.reshape(h.shape()))
      .reshape(image);
}

VaeMidBlock::VaeMidBlock(const Weights& w, int64_t channels, const VaeConfig& c)
    : resnet0(w["resnets"][0], channels, channels, c.norm_num_groups),
      resnet1(w["resnets"][1], channels, channels, c.norm_num_groups) {
  if (c.mid_attention) attention.emplace(w["attentions"][0], channels, c.norm_num_groups);
}

Tensor VaeMidBlock::operator()(Tensor x) const {
  const Graph::Scope scope(*x.graph, "mid_block");
  x = resnet0(x);
  if (attention) x = (*attention)(x);
  return resnet1(x);
}

VaeEncoder::VaeEncoder(const Weights& weights, const VaeConfig& c)
    : config_(c),
      conv_in_(weights["encoder"]["conv_in"], c.in_channels, c.block_out_channels.front()),
      mid_block_(weights["encoder"]["mid_block"], c.block_out_channels.back(), c),
      conv_norm_out_(weights["encoder"]["conv_norm_out"], c.block_out_channels.back(),
                     c.norm_num_groups, eps),
      conv_out_(weights["encoder"]["conv_out"], c.block_out_channels.back(),
                2 * c.latent_channels) {
  int64_t in = c.block_out_channels.front();
  for (size_t level = 0; level < c.block_out_channels.size(); level++) {
    const Weights w = weights["encoder"]["down_blocks"][static_cast<int64_t>(level)];
    const int64_t out = c.block_out_channels[level];
    VaeBlock block;
    for (int64_t i = 0; i < c.layers_per_block; i++)
      block.resnets.emplace_back(w["resnets"][i], i == 0 ? in : out, out, c.norm_num_groups);
    // The original pads below and to the right only.
    if (level + 1 < c.block_out_channels.size())
      block.sampler.emplace(w["downsamplers"][0]["conv"], out, out,
                            Conv2d{.stride = 2, .padding = {0, 1}});
    down_blocks_.push_back(std::move(block));
    in = out;
  }
  if (c.quant_conv)
    quant_conv_.emplace(weights["quant_conv"], 2 * c.latent_channels, 2 * c.latent_channels);
}

Tensor VaeEncoder::operator()(Tensor x) const {
  const Graph::Scope scope(*x.graph, "encoder");
  x = conv_in_(x);
  for (size_t b = 0; b < down_blocks_.size(); b++) {
    const Graph::Scope inner(*x.graph, indexed("down_blocks", b));
    for (const VaeResnet& resnet : down_blocks_[b].resnets) x = resnet(x);
    if (down_blocks_[b].sampler) x = (*down_blocks_[b].sampler)(x);
  }
  x = conv_out_(conv_norm_out_.with_silu(mid_block_(x)));
  return quant_conv_ ? (*quant_conv_)(x) : x;
}

VaeDecoder::VaeDecoder(const Weights& weights, const VaeConfig& c)
    : config_(c),
      conv_in_(weights["decoder"]["conv_in"], c.latent_channels, c.block_out_channels.back()),
      mid_block_(weights["decoder"]["mid_block"], c.block_out_channels.back(), c),
      conv_norm_out_(weights["decoder"]["conv_norm_out"], c.block_out_channels.front(),
                     c.norm_num_groups, eps),
      conv_out_(weights["decoder"]["conv_out"], c.block_out_channels.front(), c.out_channels) {
  int64_t in = c.block_out_channels.back();
  const size_t levels = c.block_out_channels.size();
  for (size_t b = 0; b < levels; b++) {
    const Weights w = weights["decoder"]["up_blocks"][static_cast<int64_t>(b)];
    const int64_t out = c.block_out_channels[levels - 1 - b];
    VaeBlock block;
    for (int64_t i = 0; i < c.layers_per_block + 1; i++)
      block.resnets.emplace_back(w["resnets"][i], i == 0 ? in : out, out, c.norm_num_groups);
    if (b + 1 < levels) block.sampler.emplace(w["upsamplers"][0]["conv"], out, out);
    up_blocks_.push_back(std::move(block));
    in = out;
  }
  if (c.post_quant_conv)
    post_quant_conv_.emplace(weights["post_quant_conv"], c.latent_channels, c.latent_channels);
}

Tensor VaeDecoder::operator()(Tensor x) const {
  const Graph::Scope scope(*x.graph, "decoder");
  if (post_quant_conv_) x = (*post_quant_conv_)(x);
  x = mid_block_(conv_in_(x));
  for (size_t b = 0; b < up_blocks_.size(); b++) {
    const Graph::Scope inner(*x.graph, indexed("up_blocks", b));
    for (const VaeResnet& resnet : up_blocks_[b].resnets) x = resnet(x);
    if (up_blocks_[b].sampler)
      x = (*up_blocks_[b].sampler)(upsample(x, x.shape()[1] * 2, x.shape()[2] * 2));
  }
  return conv_out_(conv_norm_out_.with_silu(x));
}

}  // namespace lacuna
