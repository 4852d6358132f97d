#include "models/files/diffusers_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/name_parts.h"
#include "models/files/ldm_names.h"
#include "models/files/text_names.h"

namespace lacuna {

DiffusersNames::DiffusersNames(ModelPart part, std::span<const std::string> names) : part_(part) {
  const auto index = [&](std::string_view name, const std::string& blocks) {
    return take(name, ldm_prefix(part)) ? index_after(name, blocks) : std::nullopt;
  };
  std::optional<int64_t> first_sampler, last_input;
  for (const std::string& name : names) {
    if (const auto at = index(name, "input_blocks.")) {
      last_input = std::max(*at, last_input.value_or(0));
      if (name.ends_with(".0.op.weight"))
        first_sampler = std::min(*at, first_sampler.value_or(*at));
    }
    if (const auto at = index(name, "decoder.up.")) last_block_ = std::max(last_block_, *at);
  }
  // A UNet of one block has no downsampler: its layers are all places after the first convolution.
  each_ = first_sampler ? *first_sampler : last_input.value_or(0) + 1;
}

std::string DiffusersNames::operator()(std::string_view name) const {
  if (!take(name, ldm_prefix(part_))) return {};
  switch (part_) {
    case ModelPart::unet:
      return unet_name(name);
    case ModelPart::vae:
      return vae_name(name);
    case ModelPart::text:
      break;
  }
  return text_tensor_name(name);
}

std::string DiffusersNames::unet_name(std::string_view rest) const {
  if (const auto end = named_back(rest, unet_ends)) return *end;
  const auto resnet = [&](const std::string& block, int64_t at) {
    const auto inner = named_back(rest, unet_resnet);
    return inner ? fmt::format("{}.resnets.{}.{}", block, at, *inner) : std::string();
  };
  const auto attention = [&](const std::string& block, int64_t at) {
    return fmt::format("{}.attentions.{}.{}", block, at, rest);
  };
  if (take(rest, "middle_block.")) {
    const auto at = take_number(rest);
    if (!at || *at > 2) return {};
    return *at == 1 ? attention("mid_block", 0) : resnet("mid_block", *at / 2);
  }
  const bool down = take(rest, "input_blocks.");
  if ((!down && !take(rest, "output_blocks.")) || each_ < 1) return {};
  const auto place = take_number(rest), module = take_number(rest);
  if (!place || !module || (down && *place == 0)) return {};
  const int64_t place_from_0 = down ? *place - 1 : *place;
  const int64_t number = place_from_0 / each_, at = place_from_0 % each_;
  const std::string block = fmt::format("{}_blocks.{}", down ? "down" : "up", number);
  if (down && take(rest, "op."))
    return *module == 0 ? fmt::format("{}.downsamplers.0.conv.{}", block, rest) : std::string();
  if (*module == 0) return resnet(block, at);
  if (!down && rest.starts_with("conv.")) return fmt::format("{}.upsamplers.0.{}", block, rest);
  return *module == 1 ? attention(block, at) : std::string();
}

std::string DiffusersNames::vae_name(std::string_view rest) const {
  if (rest.starts_with("quant_conv.") || rest.starts_with("post_quant_conv."))
    return std::string(rest);
  const std::string whole(rest);
  const bool encoder = take(rest, "encoder.");
  if (!encoder && !take(rest, "decoder.")) return {};
  const std::string side = encoder ? "encoder." : "decoder.";
  if (rest.starts_with("conv_in.") || rest.starts_with("conv_out.")) return whole;
  if (take(rest, "norm_out.")) return side + "conv_norm_out." + std::string(rest);
  const auto resnet = [&](const std::string& block, int64_t at) {
    const auto inner = named_back(rest, vae_resnet);
    return inner ? fmt::format("{}{}.resnets.{}.{}", side, block, at, *inner) : std::string();
  };
  if (take(rest, "mid.block_")) {
    const auto at = take_number(rest);
    return at && (*at == 1 || *at == 2) ? resnet("mid_block", *at - 1) : std::string();
  }
  if (take(rest, "mid.attn_1.")) {
    const auto inner = named_back(rest, vae_attention);
    return inner ? side + "mid_block.attentions.0." + *inner : std::string();
  }
  if (!take(rest, encoder ? "down." : "up.")) return {};
  const auto level = take_number(rest);
  if (!level || (!encoder && *level > last_block_)) return {};
  // Upward blocks are counted from the finest one.
  const std::string block = encoder ? fmt::format("down_blocks.{}", *level)
                                    : fmt::format("up_blocks.{}", last_block_ - *level);
  if (take(rest, "block.")) {
    const auto at = take_number(rest);
    return at ? resnet(block, *at) : std::string();
  }
  if (take(rest, encoder ? "downsample." : "upsample."))
    return fmt::format("{}{}.{}.0.{}", side, block, encoder ? "downsamplers" : "upsamplers", rest);
  return {};
}

std::vector<int64_t> diffusers_shape(ModelPart part, std::string_view name,
                                     std::vector<int64_t> shape) {
  const bool attention = name.find(".mid_block.attentions.") != std::string_view::npos;
  if (part == ModelPart::vae && attention && shape.size() == 4 && shape[2] == 1 && shape[3] == 1)
    shape.resize(2);
  return shape;
}

}  // namespace lacuna
