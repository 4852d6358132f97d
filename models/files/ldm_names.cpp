#include "models/files/ldm_names.h"

#include <algorithm>

#include "base/error.h"
#include "models/files/name_parts.h"
#include "models/files/text_names.h"

namespace lacuna {

LdmNames::LdmNames(ModelPart part, std::span<const std::string> names) : part_(part) {
  for (const std::string& name : names) {
    if (part->network == Network::unet && name.starts_with("down_blocks.0.resnets."))
      layers_ = std::max(layers_, 1 + index_after(name, "down_blocks.0.resnets.").value_or(0));
    if (const auto block = index_after(name, "up_blocks.");
        block && name.find(".attentions.") != std::string::npos)
      attended_up_blocks_.insert(*block);
    if (const auto block = index_after(name, "decoder.up_blocks."))
      last_block_ = std::max(last_block_, *block);
  }
}

std::string LdmNames::find(const std::string& name) const {
  std::string result;
  switch (part_->network) {
    case Network::unet:
      result = unet_name(name);
      break;
    case Network::vae:
      result = vae_name(name);
      break;
    case Network::clip_text:
      result = text_tensor_name(name);
      break;
  }
  return result.empty() ? result : std::string(part_->single_file) + result;
}

std::string LdmNames::operator()(const std::string& name) const {
  std::string result = find(name);
  if (result.empty())
    throw InputError(
        "[export] '{}' has no place in a single file of Stable Diffusion 1.x; export "
        "a --folder",
        name);
  return result;
}

std::string LdmNames::unet_name(const std::string& name) const {
  if (const auto end = renamed(name, unet_ends)) return *end;
  std::string_view rest = name;
  const bool down = take(rest, "down_blocks."), up = !down && take(rest, "up_blocks.");
  const bool middle = !down && !up && take(rest, "mid_block.");
  const auto block = middle ? 0 : take_number(rest);
  if (!block || (!down && !up && !middle)) return {};
  const int64_t each =
      layers_ + 1;  // a block's places: down with its sampler, up with one more layer
  // The module that holds layer `at` of the block.
  const auto place = [&](int64_t at) {
    if (middle) return fmt::format("middle_block.{}.", 2 * at);
    return down ? fmt::format("input_blocks.{}.0.", 1 + *block * each + at)
                : fmt::format("output_blocks.{}.0.", *block * each + at);
  };
  if (take(rest, "resnets.")) {
    const auto at = take_number(rest);
    const auto inner = renamed(rest, unet_resnet);
    return at && inner ? place(*at) + *inner : std::string();
  }
  if (take(rest, "attentions.")) {
    const auto at = take_number(rest);
    if (!at) return {};
    std::string module = middle ? "middle_block.1." : place(*at);
    if (!middle) module.replace(module.size() - 2, 1, "1");
    return module + std::string(rest);
  }
  if (down && take(rest, "downsamplers.0.conv."))
    return fmt::format("input_blocks.{}.0.op.{}", (*block + 1) * each, rest);
  if (up && take(rest, "upsamplers.0."))
    return fmt::format("output_blocks.{}.{}.{}", *block * each + layers_,
                       attended_up_blocks_.contains(*block) ? 2 : 1, rest);
  return {};
}

std::string LdmNames::vae_name(const std::string& name) const {
  std::string_view rest = name;
  if (rest.starts_with("quant_conv.") || rest.starts_with("post_quant_conv.")) return name;
  const bool encoder = take(rest, "encoder.");
  if (!encoder && !take(rest, "decoder.")) return {};
  const std::string side = encoder ? "encoder." : "decoder.";
  if (rest.starts_with("conv_in.") || rest.starts_with("conv_out.")) return name;
  if (take(rest, "conv_norm_out.")) return side + "norm_out." + std::string(rest);
  if (take(rest, "mid_block.resnets.")) {
    const auto at = take_number(rest);
    const auto inner = renamed(rest, vae_resnet);
    return at && inner ? fmt::format("{}mid.block_{}.{}", side, *at + 1, *inner) : std::string();
  }
  if (take(rest, "mid_block.attentions.0.")) {
    const auto inner = renamed(rest, vae_attention);
    return inner ? side + "mid.attn_1." + *inner : std::string();
  }
  if (!take(rest, encoder ? "down_blocks." : "up_blocks.")) return {};
  const auto block = take_number(rest);
  if (!block) return {};
  // Upward blocks are counted from the finest one.
  const std::string level = encoder ? fmt::format("encoder.down.{}.", *block)
                                    : fmt::format("decoder.up.{}.", last_block_ - *block);
  if (take(rest, "resnets.")) {
    const auto at = take_number(rest);
    const auto inner = renamed(rest, vae_resnet);
    return at && inner ? fmt::format("{}block.{}.{}", level, *at, *inner) : std::string();
  }
  if (take(rest, encoder ? "downsamplers.0." : "upsamplers.0."))
    return level + (encoder ? "downsample." : "upsample.") + std::string(rest);
  return {};
}

namespace {

bool is_vae_attention(ModelPart part, std::string_view name) {
  return part->network == Network::vae &&
         name.find(".mid_block.attentions.") != std::string_view::npos;
}

}  // namespace

std::vector<int64_t> ldm_shape(ModelPart part, std::string_view name, std::vector<int64_t> shape) {
  if (is_vae_attention(part, name) && shape.size() == 2) shape.insert(shape.end(), {1, 1});
  return shape;
}

std::vector<int64_t> diffusers_shape(ModelPart part, std::string_view name,
                                     std::vector<int64_t> shape) {
  if (is_vae_attention(part, name) && shape.size() == 4 && shape[2] == 1 && shape[3] == 1)
    shape.resize(2);
  return shape;
}

}  // namespace lacuna
