#include "erase/edits/edit.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/options/option.h"
#include "erase/edits/fingerprint.h"
#include "erase/edits/lora.h"
#include "models/files/text_names.h"

namespace lacuna {
namespace {

std::vector<float> floats(const TensorFile& file, const TensorFile::Entry& entry) {
  std::vector<float> values(entry.count());
  file.to_float(entry, values);
  for (float v : values)
    if (!std::isfinite(v))
      throw InputError("[edit] {}: tensor '{}' holds a number that is not finite; train it again",
                       display(file.path()), entry.name);
  return values;
}

std::string text_of(std::span<const int64_t> shape) {
  return fmt::format("{}", fmt::join(shape, "x"));
}

// The text encoder's tensors under the names that the model has here (models/files/text_names.h).
TensorFile with_one_name_each(TensorFile file) {
  return std::move(file).renamed([](TensorFile::Entry& entry) {
    const std::optional<ModelPart> part = part_in_edit(entry.name);
    if (!part || (*part)->network != Network::clip_text) return true;
    const std::string_view prefix = (*part)->edit_prefix;
    if (entry.name.starts_with(prefix))
      entry.name = std::string(prefix) + text_tensor_name(entry.name.substr(prefix.size()));
    return true;
  });
}

}  // namespace

Edit Edit::open(const std::filesystem::path& path, float strength) {
  if (!std::isfinite(strength) || std::abs(strength) > 100)
    throw InputError("[edit] the strength {} of {} is out of range; 0 to 1 are usual", strength,
                     display(path));
  Edit edit(with_one_name_each(TensorFile::open(path)), strength);
  if (edit.file_.entries().empty())
    throw InputError("[edit] {} holds no tensors, so it is no edit", display(path));
  for (const auto& [name, entry] : edit.file_.entries())
    if (!part_in_edit(name))
      throw InputError("[edit] {} changes '{}', which is in no part of a model that lacuna edits",
                       display(path), name);
  return edit;
}

Edit Edit::parse(const std::string& argument) {
  // A colon may also belong to the path ("C:\..."): only a number after it is a strength.
  const size_t colon = argument.rfind(':');
  if (colon != std::string::npos && colon + 1 < argument.size()) {
    float strength = 0;
    const char* const end = argument.data() + argument.size();
    const auto [rest, error] = std::from_chars(argument.data() + colon + 1, end, strength);
    if (error == std::errc() && rest == end) return open(argument.substr(0, colon), strength);
  }
  return open(argument);
}

std::string Edit::describe() const {
  const auto value = [&](const std::string& key) {
    const auto found = metadata().find(key);
    return found == metadata().end() ? std::string() : found->second;
  };
  const std::string method = value(edit_key::method);
  const std::string concept_ = value(std::string(edit_key::options) + "concept");
  std::string text = display(path().filename());
  if (!method.empty()) text += fmt::format(" ({} {})", method, concept_);
  return strength_ == 1 ? text : fmt::format("{} at strength {:g}", text, strength_);
}

bool Edit::changes(ModelPart part) const {
  return std::ranges::any_of(file_.entries(),
                             [&](const auto& e) { return part_in_edit(e.first) == part; });
}

void Edit::check_base(ModelPart part, const std::string& hash) const {
  const auto trained_on = metadata().find(part->edit_hash);
  if (trained_on == metadata().end() || trained_on->second == hash) return;
  const auto name = metadata().find(edit_key::base_name);
  throw InputError(
      "[edit] {} was trained on another model ({}, {}...) than this one ({}...); name that model "
      "with {}, or use {}",
      display(path()), name == metadata().end() ? "unnamed" : name->second,
      trained_on->second.substr(0, 8), hash.substr(0, 8), option("model"), option("force"));
}

std::vector<Edit::Target> Edit::targets(ModelPart part, const TensorFile& base) const {
  if (!is_lora(file_)) return tensor_targets(part, base);
  std::vector<Target> all;
  for (const LoraFactors& factors : read_lora(file_, part, base))
    all.push_back(
        {factors.target, [this, factors](std::span<const float>, std::span<float> change) {
           add_factors(factors, change);
         }});
  return all;
}

std::vector<Edit::Target> Edit::tensor_targets(ModelPart part, const TensorFile& base) const {
  std::vector<Target> all;
  for (const auto& [full, entry] : file_.entries()) {
    if (part_in_edit(full) != part) continue;
    const std::string name = full.substr(part->edit_prefix.size());
    const TensorFile::Entry* const original = base.find(name);
    if (!original)
      throw InputError("[edit] {} changes '{}', which the model's {} does not have",
                       display(path()), name, part->about);
    if (!same_shape(entry.shape, original->shape))
      throw InputError("[edit] {}: '{}' is {} and the model's is {}", display(path()), name,
                       text_of(entry.shape), text_of(original->shape));
    const auto add = [this, &entry = entry](std::span<const float> before,
                                            std::span<float> change) {
      const std::vector<float> values = floats(file_, entry);
      for (size_t i = 0; i < values.size(); i++) change[i] += values[i] - before[i];
    };
    all.push_back({name, add});
  }
  return all;
}

void Edit::add_factors(const LoraFactors& factors, std::span<float> change) const {
  const std::vector<float> down = floats(file_, *factors.down), up = floats(file_, *factors.up);
  const auto rank = static_cast<size_t>(factors.down->shape[0]);
  const size_t in = down.size() / rank, out = up.size() / rank;
  float factor = 1;
  if (factors.alpha && factors.alpha->count() == 1)
    factor = floats(file_, *factors.alpha)[0] / static_cast<float>(rank);
  for (size_t o = 0; o < out; o++)
    for (size_t r = 0; r < rank; r++)
      for (size_t i = 0; i < in; i++)
        change[o * in + i] += factor * up[o * rank + r] * down[r * in + i];
}

EditSum::EditSum(ModelPart part, const TensorFile& base, std::span<const Edit> edits, bool force)
    : part_(part), base_(base) {
  std::string hash;  // takes reading the whole model, so only where it is asked for
  for (const Edit& e : edits) {
    if (!e.changes(part)) continue;
    if (!force && e.names_base(part)) {
      if (hash.empty()) hash = fingerprint(base);
      e.check_base(part, hash);
    }
    for (Edit::Target& target : e.targets(part, base)) {
      std::vector<Share>& shares = by_target_[target.name];
      shares.push_back({e.strength(), std::move(target)});
    }
  }
}

std::vector<std::string> EditSum::names() const {
  std::vector<std::string> all;
  for (const auto& [name, shares] : by_target_) all.push_back(name);
  return all;
}

Change EditSum::change(const std::string& name) const {
  const TensorFile::Entry& target = base_.at(name);
  Change c{name, target.shape, std::vector<float>(target.count()), {}};
  base_.to_float(target, c.original);
  c.change.resize(c.original.size());
  for (const Share& share : by_target_.at(name)) {
    std::vector<float> one(c.original.size());
    share.target.add(c.original, one);
    for (size_t i = 0; i < one.size(); i++) c.change[i] += share.strength * one[i];
  }
  return c;
}

void for_each_change(ModelPart part, const TensorFile& base, std::span<const Edit> edits,
                     bool force, const std::function<void(const Change&)>& visit) {
  const EditSum sum(part, base, edits, force);
  for (const std::string& name : sum.names()) visit(sum.change(name));
}

}  // namespace lacuna
