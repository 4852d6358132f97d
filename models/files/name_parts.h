// Pieces of tensors' names, for models/files/ldm_names.cpp.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lacuna {

// Beginnings of names: diffusers' and CompVis'.
using Renames = std::span<const std::pair<std::string_view, std::string_view>>;

// Takes `prefix` off the front of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Takes "3." off the front.
inline std::optional<int64_t> take_number(std::string_view& text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest == end || *rest != '.' || number < 0) return {};
  text.remove_prefix(static_cast<size_t>(rest - text.data()) + 1);
  return number;
}

// "3." of "BLOCKS3.REST".
inline std::optional<int64_t> index_after(std::string_view name, std::string_view blocks) {
  if (!take(name, blocks)) return {};
  return take_number(name);
}

// The name with its beginning replaced as the first rename that fits says.
inline std::optional<std::string> renamed(std::string_view name, Renames renames) {
  for (const auto& [from, to] : renames)
    if (take(name, from)) return std::string(to) + std::string(name);
  return {};
}

inline constexpr std::pair<std::string_view, std::string_view> unet_ends[] = {
    {"conv_in.", "input_blocks.0.0."},
    {"time_embedding.linear_1.", "time_embed.0."},
    {"time_embedding.linear_2.", "time_embed.2."},
    {"conv_norm_out.", "out.0."},
    {"conv_out.", "out.2."},
};
inline constexpr std::pair<std::string_view, std::string_view> unet_resnet[] = {
    {"norm1.", "in_layers.0."},          {"conv1.", "in_layers.2."},
    {"norm2.", "out_layers.0."},         {"conv2.", "out_layers.3."},
    {"time_emb_proj.", "emb_layers.1."}, {"conv_shortcut.", "skip_connection."},
};
inline constexpr std::pair<std::string_view, std::string_view> vae_resnet[] = {
    {"norm1.", "norm1."},
    {"conv1.", "conv1."},
    {"norm2.", "norm2."},
    {"conv2.", "conv2."},
    {"conv_shortcut.", "nin_shortcut."},
};
// The second names are those of diffusers before 0.17.
inline constexpr std::pair<std::string_view, std::string_view> vae_attention[] = {
    {"group_norm.", "norm."},
    {"to_q.", "q."},
    {"query.", "q."},
    {"to_k.", "k."},
    {"key.", "k."},
    {"to_v.", "v."},
    {"value.", "v."},
    {"to_out.0.", "proj_out."},
    {"proj_attn.", "proj_out."},
};

}  // namespace lacuna
