#include "erase/selection.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/glob.h"
#include "base/options/words.h"
#include "base/text.h"
#include "erase/edits/layer_numbers.h"

namespace lacuna {

struct Facts {
  std::string_view name;
  size_t rank = 0;          // of the module's weight
  bool last_layer = false;  // of the layers that a text encoder numbers

  bool has(std::string_view part) const { return name.find(part) != std::string_view::npos; }
  bool in_one_of(std::string_view a, std::string_view b) const {
    return name.starts_with(a) || name.starts_with(b);
  }
  bool embedding() const { return has("embeddings."); }
  // A Linear or Conv2d. An embedding's weight has rank 2 as well.
  bool matrix() const { return (rank == 2 || rank == 4) && !embedding(); }
  bool projection() const {
    return has(".to_q.") || has(".to_k.") || has(".to_v.") || has(".to_out.");
  }
  bool time_or_output() const {
    return name.starts_with("time_embedding.") || in_one_of("conv_norm_out.", "conv_out.");
  }
};

namespace {

constexpr uint8_t unet = 1 << static_cast<int>(ModelPart::unet);
constexpr uint8_t text = 1 << static_cast<int>(ModelPart::text);
constexpr uint8_t every = unet | text | 1 << static_cast<int>(ModelPart::vae);

using F = const Facts&;
// clang-format off
constexpr ParameterSet sets[] = {
    {"x", "esd-x xattn", "cross-attention: q, k, v, output (ESD-x)", unet,
     [](F f) { return f.matrix() && f.has("attn2"); }},
    {"x-strict", "esd-x-strict xattn-strict cross-attn",
     "cross-attention: k, v (UCE, Ablation)", unet,
     [](F f) { return f.has("attn2.to_k") || f.has("attn2.to_v"); }},
    {"self", "selfattn esd-self", "self-attention", unet,
     [](F f) { return f.has("attn1"); }},
    {"attn", "attn-only", "all attention", unet | text,
     [](F f) { return f.projection() || f.has(".self_attn."); }},
    {"u", "esd-u", "every Linear, Conv2d but attn2's (ESD-u)", unet,
     [](F f) { return f.matrix() && !f.has("attn2"); }},
    {"all", "esd-all", "every Linear and Conv2d", every,
     [](F f) { return f.matrix(); }},
    {"full", "full-weight", "everything", every,
     [](F) { return true; }},
    {"u-old", "noxattn", "u with norms, but no time or output layers", unet,
     [](F f) { return !f.has("attn2") && !f.time_or_output(); }},
    {"notime", "", "all but time and output (ESD of 2023)", unet,
     [](F f) { return !f.time_or_output(); }},
    {"xlayer", "", "cross-attention of two upward blocks", unet,
     [](F f) { return f.has("attn2") && f.in_one_of("up_blocks.2.attentions.0.",
                                                    "up_blocks.2.attentions.2."); }},
    {"selflayer", "", "self-attention of two downward blocks", unet,
     [](F f) { return f.has("attn1") && f.in_one_of("down_blocks.1.attentions.0.",
                                                    "down_blocks.2.attentions.0."); }},
    {"norms", "", "scales and shifts of all norms", every,
     [](F f) { return f.rank == 1; }},
    {"mlp", "mlp-only", "the two Linears that follow each attention", text,
     [](F f) { return f.has(".mlp."); }},
    {"mlp-attn", "", "mlp and attn", text,
     [](F f) { return f.has(".mlp.") || f.has(".self_attn."); }},
    {"mlp-final-attn", "", "mlp and the last layer's attn (LETHE)", text,
     [](F f) { return f.has(".mlp.") || (f.last_layer && f.has(".self_attn.")); }},
    {"embedding", "", "token embeddings (Ablation: some rows)", text,
     [](F f) { return f.has("token_embedding"); }},
    {"no-embeddings", "", "everything but the embeddings", text,
     [](F f) { return !f.embedding(); }},
};
// clang-format on

std::string_view module_of(std::string_view name) { return name.substr(0, name.rfind('.')); }

std::vector<Facts> facts_of(std::span<const NamedShape> all) {
  std::map<std::string_view, size_t> ranks;
  int last = -1;
  for (const NamedShape& tensor : all) {
    if (tensor.name.ends_with(".weight")) ranks[module_of(tensor.name)] = tensor.shape.size();
    last = std::max(last, layer_of(tensor.name));
  }
  std::vector<Facts> facts;
  for (const NamedShape& tensor : all) {
    const auto rank = ranks.find(module_of(tensor.name));
    const int layer = layer_of(tensor.name);
    facts.push_back(
        {tensor.name, rank == ranks.end() ? 0 : rank->second, layer >= 0 && layer == last});
  }
  return facts;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// At commas outside of brackets and braces.
std::vector<std::string_view> items_of(std::string_view selector) {
  std::vector<std::string_view> items;
  int depth = 0;
  bool in_class = false;
  size_t begin = 0;
  for (size_t i = 0; i <= selector.size(); i++) {
    const char c = i < selector.size() ? selector[i] : ',';
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (!in_class) depth += (c == '{') - (c == '}');
    const bool ends = i == selector.size() || (c == ',' && depth <= 0 && !in_class);
    if (!ends) continue;
    items.push_back(trimmed(selector.substr(begin, i - begin)));
    begin = i + 1;
  }
  return items;
}

const ParameterSet* find_set(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const ParameterSet& set : sets) {
    if (set.name == name) return &set;
    for (const std::string_view other : split(set.also, ' '))
      if (other == name) return &set;
  }
  return nullptr;
}

// ---- what to suggest ----

std::string shown(std::string_view text) {
  constexpr size_t longest = 80;
  return text.size() <= longest ? std::string(text) : std::string(text.substr(0, longest)) + "...";
}

// Levenshtein's: how many characters to insert, remove or replace.
// "attn2, attn1, attn": up to three names of which at least half is like the word, the nearest
// first.
std::string nearest(std::string_view word, const std::vector<std::string_view>& names) {
  return lacuna::nearest(word, names, 3, (std::min<size_t>(word.size(), 200) + 1) / 2);
}

// The words between the dots of all names, without numbers.
std::vector<std::string_view> words_of(std::span<const NamedShape> all) {
  std::set<std::string_view> words;
  for (const NamedShape& tensor : all)
    for (const std::string_view word : split(tensor.name, '.'))
      if (word.find_first_not_of("0123456789") != std::string_view::npos) words.insert(word);
  return {words.begin(), words.end()};
}

// The first word of a pattern that is in no name.
std::string_view foreign_word(std::string_view pattern, std::span<const NamedShape> all) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  bool in_class = false;
  for (size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']') in_class = false;
    size_t end = i;
    while (!in_class && end < pattern.size() && is_word(pattern[end])) end++;
    const std::string_view word = pattern.substr(i, end - i);
    const bool known = std::any_of(all.begin(), all.end(), [&](const NamedShape& tensor) {
      return tensor.name.find(word) != std::string::npos;
    });
    if (!known) return word;
    i = std::max(end, i + 1);
  }
  return {};
}

[[noreturn]] void refuse(std::string_view item, std::span<const NamedShape> all) {
  constexpr std::string_view how = "`lacuna layers` lists sets and tensors";
  if (item.find_first_of("*?[{.") == std::string_view::npos) {
    std::vector<std::string_view> names;
    const ModelPart part = part_of(all);
    for (const ParameterSet& set : sets) {
      if (!set.is_of(part)) continue;
      names.push_back(set.name);
      for (const std::string_view other : split(set.also, ' '))
        if (!other.empty()) names.push_back(other);
    }
    std::string near;
    if (const std::string known = nearest(item, names); !known.empty()) {
      near += "; the nearest sets are " + known;
    } else {
      for (const ParameterSet& set : sets)
        if (set.is_of(part))
          near += (near.empty() ? "; the sets are " : ", ") + std::string(set.name);
    }
    if (const std::string words = nearest(item, words_of(all)); !words.empty())
      near += "; the nearest parts of names are " + words;
    throw InputError(
        "[params] '{}' is no set of parameters and no tensor{}; {}, and patterns look like "
        "*.attn2.to_[kv].*",
        shown(item), near, how);
  }
  const std::string_view word = foreign_word(item, all);
  if (word.empty())
    throw InputError(
        "[params] the pattern '{}' matches none of the {} tensors, although its words occur in "
        "their names (it must match whole names: begin or end it with * where more follows); {}",
        shown(item), all.size(), how);
  const std::string near = nearest(word, words_of(all));
  throw InputError(
      "[params] the pattern '{}' matches none of the {} tensors: no name holds '{}'{}; {}",
      shown(item), all.size(), shown(word), near.empty() ? "" : ", the nearest are " + near, how);
}

// The tensors of some layers, by number.
std::vector<bool> layers_of(LayerRange range, std::string_view item,
                            std::span<const NamedShape> all) {
  int last = -1;
  for (const NamedShape& tensor : all) last = std::max(last, layer_of(tensor.name));
  if (last < 0)
    throw InputError(
        "[params] '{}' is the number of a text encoder's layer, and this part has none; `lacuna "
        "layers` lists sets and tensors",
        shown(item));
  if (range.first > range.last || range.last > last)
    throw InputError("[params] '{}' is no layer of this text encoder; its layers are 0 to {}",
                     shown(item), last);
  std::vector<bool> matched(all.size());
  for (size_t i = 0; i < all.size(); i++) {
    const int layer = layer_of(all[i].name);
    matched[i] = layer >= range.first && layer <= range.last;
  }
  return matched;
}

// Which tensors one item of a selector stands for; never none.
std::vector<bool> matches_of(std::string_view item, std::span<const NamedShape> all) {
  std::vector<bool> matched(all.size());
  bool any = false;
  if (const ParameterSet* set = find_set(item)) {
    if (!set->is_of(part_of(all)))
      throw InputError(
          "[params] '{}' is a set of the {}, not of this part; `lacuna layers --part {}` lists it",
          item, set->is_of(ModelPart::unet) ? "UNet" : "text encoder",
          set->is_of(ModelPart::unet) ? "unet" : "text");
    for (const size_t i : members(all, *set)) matched[i] = any = true;
    if (!any)
      throw InputError(
          "[params] this model has no tensor of the set '{}'; `lacuna layers` lists what it has",
          item);
    return matched;
  }
  if (const auto range = parse_layers(item)) return layers_of(*range, item, all);
  const Glob glob(item);
  for (size_t i = 0; i < all.size(); i++)
    if (glob.matches(all[i].name)) matched[i] = any = true;
  if (!any) refuse(item, all);
  return matched;
}

}  // namespace

int64_t NamedShape::scalars() const {
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  return count;
}

std::vector<NamedShape> parameters_of(const SafeTensors& file) {
  std::vector<NamedShape> all;
  for (const auto& [name, entry] : file.entries()) {
    const std::string_view type = name_of(entry.dtype);
    if (type.starts_with('F') || type.starts_with("BF")) all.push_back({name, entry.shape});
  }
  return all;
}

ModelPart part_of(std::span<const NamedShape> all) {
  for (const NamedShape& tensor : all) {
    if (tensor.name.find(".self_attn.") != std::string::npos) return ModelPart::text;
    if (tensor.name.starts_with("time_embedding.")) return ModelPart::unet;
  }
  return ModelPart::vae;
}

std::span<const ParameterSet> parameter_sets() { return sets; }

std::string sets_text(ModelPart part) {
  std::string text;
  for (const ParameterSet& set : parameter_sets())
    if (set.is_of(part)) text += fmt::format("  {:15} {}\n", set.name, set.about);
  return text;
}

std::vector<size_t> members(std::span<const NamedShape> all, const ParameterSet& set) {
  std::vector<size_t> indices;
  const std::vector<Facts> facts = facts_of(all);
  for (size_t i = 0; i < facts.size(); i++)
    if (set.rule(facts[i])) indices.push_back(i);
  return indices;
}

std::vector<std::string> select(std::span<const NamedShape> all, std::string_view selector) {
  std::vector<bool> taken(all.size()), left_out(all.size());
  bool all_but = true;  // only exclusions so far
  for (std::string_view item : items_of(selector)) {
    const bool excludes = item.starts_with('!');
    if (excludes) item = trimmed(item.substr(1));
    if (item.empty())
      throw InputError(
          "[params] '{}' has an empty entry; give sets or patterns separated by commas, `lacuna "
          "layers` lists the sets",
          shown(selector));
    all_but = all_but && excludes;
    const std::vector<bool> matched = matches_of(item, all);
    for (size_t i = 0; i < all.size(); i++)
      if (matched[i]) (excludes ? left_out : taken)[i] = true;
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < all.size(); i++)
    if ((all_but || taken[i]) && !left_out[i]) names.push_back(all[i].name);
  if (names.empty())
    throw InputError(
        "[params] '{}' excludes everything that it selects; see `lacuna layers --params` with "
        "parts of it",
        shown(selector));
  return names;
}

}  // namespace lacuna
