#include "models/unet.h"

#include "engine/gradients.h"

namespace lacuna {

UNet::ResnetBlock2D::ResnetBlock2D(const Weights& w, int64_t in, int64_t out, int64_t temb,
                                   const UNetConfig& c)
    : norm1(w["norm1"], in, c.norm_num_groups, c.norm_eps),
      conv1(w["conv1"], in, out),
      time_emb_proj(w["time_emb_proj"], temb, out),
      norm2(w["norm2"], out, c.norm_num_groups, c.norm_eps),
      conv2(w["conv2"], out, out) {
  if (in != out) conv_shortcut.emplace(w["conv_shortcut"], in, out);
}

Tensor UNet::ResnetBlock2D::operator()(Tensor x, Tensor silu_temb) const {
  Tensor h = conv1(norm1.with_silu(x));
  h = add_channel(h, time_emb_proj(silu_temb));
  return conv2(norm2.with_silu(h), conv_shortcut ? (*conv_shortcut)(x) : x);
}

UNet::Attention::Attention(const Weights& w, int64_t channels, int64_t context, int heads_)
    : to_q(w["to_q"], channels, channels, false),
      to_k(w["to_k"], context, channels, false),
      to_v(w["to_v"], context, channels, false),
      to_out(w["to_out"][0], channels, channels),
      heads(heads_) {}

Tensor UNet::Attention::operator()(Tensor x, Tensor context, Tensor residual,
                                   int64_t detached) const {
  const Tensor k = detach_tokens(to_k(context), detached);
  const Tensor v = detach_tokens(to_v(context), detached);
  return to_out(attention(to_q(x), k, v, heads), residual);
}

UNet::FeedForward::FeedForward(const Weights& w, int64_t channels)
    : proj(w["net"][0]["proj"], channels, channels * 8), out(w["net"][2], channels * 4, channels) {}

UNet::BasicTransformerBlock::BasicTransformerBlock(const Weights& w, int64_t channels,
                                                   int64_t context, int heads)
    : norm1(w["norm1"], channels),
      norm2(w["norm2"], channels),
      norm3(w["norm3"], channels),
      attn1(w["attn1"], channels, channels, heads),
      attn2(w["attn2"], channels, context, heads),
      ff(w["ff"], channels) {}

Tensor UNet::BasicTransformerBlock::operator()(Tensor x, Tensor context, int64_t detached) const {
  const Tensor h = norm1(x);
  x = attn1(h, h, x);
  x = attn2(norm2(x), context, x, detached);
  return ff(norm3(x), x);
}

UNet::Transformer2D::Transformer2D(const Weights& w, int64_t channels, int64_t depth, int heads,
                                   const UNetConfig& c)
    : norm(w["norm"], channels, c.norm_num_groups, 1e-6f),
      proj_in(w["proj_in"], channels, channels),
      proj_out(w["proj_out"], channels, channels) {
  for (int64_t i = 0; i < depth; i++)
    transformer_blocks.emplace_back(w["transformer_blocks"][i], channels, c.cross_attention_dim,
                                    heads);
}

// proj_in and proj_out are matrices in both kinds of checkpoint: a 1x1 convolution over [N,H,W,C]
// is a linear layer over [N,HW,C].
Tensor UNet::Transformer2D::operator()(Tensor x, Tensor context, int64_t detached) const {
  const Shape image = x.shape();
  Tensor h = norm(x).reshape({image[0], image[1] * image[2], image[3]});
  h = proj_in(h);
  for (const BasicTransformerBlock& block : transformer_blocks) h = block(h, context, detached);
  return proj_out(h, x.reshape(h.shape())).reshape(image);
}

UNet::Block UNet::down_block(const Weights& w, size_t level) const {
  const UNetConfig& c = config_;
  const int64_t out = c.block_out_channels[level], temb = c.block_out_channels[0] * 4;
  Block block;
  for (int64_t i = 0; i < c.layers_per_block[level]; i++) {
    const int64_t in = i > 0 ? out : c.block_out_channels[level > 0 ? level - 1 : 0];
    block.resnets.emplace_back(w["resnets"][i], in, out, temb, c);
    if (c.down_attention[level])
      block.attentions.emplace_back(w["attentions"][i], out, c.transformer_layers_per_block[level],
                                    static_cast<int>(c.heads[level]), c);
  }
  const int pad = c.downsample_padding;
  if (level + 1 < c.block_out_channels.size())
    block.sampler.emplace(w["downsamplers"][0]["conv"], out, out,
                          Conv2d{.stride = 2, .padding = {pad, 1}});
  return block;
}

// Up block i works at the channels of level (levels - 1 - i); each resnet takes a skip connection
// from the way down.
UNet::Block UNet::up_block(const Weights& w, size_t index) const {
  const UNetConfig& c = config_;
  const size_t last = c.block_out_channels.size() - 1, level = last - index;
  const int64_t out = c.block_out_channels[level], temb = c.block_out_channels[0] * 4;
  const int64_t previous = c.block_out_channels[index > 0 ? level + 1 : last];
  const int64_t below = c.block_out_channels[level > 0 ? level - 1 : 0];
  Block block;
  const int64_t count = c.layers_per_block[level] + 1;
  for (int64_t i = 0; i < count; i++) {
    const int64_t skip = i + 1 == count ? below : out;
    block.resnets.emplace_back(w["resnets"][i], (i == 0 ? previous : out) + skip, out, temb, c);
    if (c.up_attention[index])
      block.attentions.emplace_back(w["attentions"][i], out, c.transformer_layers_per_block[level],
                                    static_cast<int>(c.heads[level]), c);
  }
  if (index < last) block.sampler.emplace(w["upsamplers"][0]["conv"], out, out);
  return block;
}

UNet::UNet(const Weights& w, const UNetConfig& c)
    : config_(c),
      conv_in_(w["conv_in"], c.in_channels, c.block_out_channels[0]),
      linear_1_(w["time_embedding"]["linear_1"], c.block_out_channels[0],
                c.block_out_channels[0] * 4),
      linear_2_(w["time_embedding"]["linear_2"], c.block_out_channels[0] * 4,
                c.block_out_channels[0] * 4),
      conv_norm_out_(w["conv_norm_out"], c.block_out_channels[0], c.norm_num_groups, c.norm_eps),
      conv_out_(w["conv_out"], c.block_out_channels[0], c.out_channels) {
  const size_t levels = c.block_out_channels.size();
  for (size_t i = 0; i < levels; i++) {
    down_blocks_.push_back(down_block(w["down_blocks"][static_cast<int64_t>(i)], i));
    up_blocks_.push_back(up_block(w["up_blocks"][static_cast<int64_t>(i)], i));
  }
  if (!c.mid_block) return;
  const int64_t channels = c.block_out_channels.back(), temb = c.block_out_channels[0] * 4;
  const Weights mid = w["mid_block"];
  mid_block_.resnets.emplace_back(mid["resnets"][0], channels, channels, temb, c);
  mid_block_.attentions.emplace_back(mid["attentions"][0], channels,
                                     c.transformer_layers_per_block.back(),
                                     static_cast<int>(c.heads.back()), c);
  mid_block_.resnets.emplace_back(mid["resnets"][1], channels, channels, temb, c);
}

Tensor UNet::operator()(Tensor latents, Tensor time_features, Tensor context,
                        int64_t detached) const {
  Graph& g = *latents.graph;
  Tensor temb;
  {
    const Graph::Scope scope(g, "time_embedding");
    // Every res block applies SiLU to the time embedding first, so it is done once here.
    temb = silu(linear_2_(silu(linear_1_(time_features))));
  }
  std::vector<Tensor> skips;
  Tensor x = conv_in_(latents);
  skips.push_back(x);
  for (size_t b = 0; b < down_blocks_.size(); b++) {
    const Graph::Scope scope(g, indexed("down_blocks", b));
    const Block& block = down_blocks_[b];
    for (size_t i = 0; i < block.resnets.size(); i++) {
      const Graph::Scope inner(g, indexed("resnets", i));
      x = checkpoint(g, [&] { return block.resnets[i](x, temb); });
      if (!block.attentions.empty())
        x = checkpoint(g, [&] { return block.attentions[i](x, context, detached); });
      skips.push_back(x);
    }
    if (block.sampler) skips.push_back(x = (*block.sampler)(x));
  }
  if (!mid_block_.resnets.empty()) {
    const Graph::Scope scope(g, "mid_block");
    x = mid_block_.resnets[0](x, temb);
    x = mid_block_.attentions[0](x, context, detached);
    x = mid_block_.resnets[1](x, temb);
  }
  for (size_t b = 0; b < up_blocks_.size(); b++) {
    const Graph::Scope scope(g, indexed("up_blocks", b));
    const Block& block = up_blocks_[b];
    for (size_t i = 0; i < block.resnets.size(); i++) {
      const Graph::Scope inner(g, indexed("resnets", i));
      x = checkpoint(g, [&] { return block.resnets[i](concat(x, skips.back()), temb); });
      skips.pop_back();
      if (!block.attentions.empty())
        x = checkpoint(g, [&] { return block.attentions[i](x, context, detached); });
    }
    // The size of the next skip: twice this one, or one less where the way down rounded up.
    if (block.sampler)
      x = (*block.sampler)(upsample(x, skips.back().shape()[1], skips.back().shape()[2]));
  }
  return conv_out_(conv_norm_out_.with_silu(x));
}

}  // namespace lacuna
