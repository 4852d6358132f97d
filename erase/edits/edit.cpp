#include "erase/edits/edit.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/options/option.h"
#include "erase/edits/fingerprint.h"
#include "erase/edits/kohya.h"
#include "models/files/text_names.h"

namespace lacuna {
namespace {

std::vector<float> floats(const SafeTensors& file, const SafeTensors::Entry& entry) {
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

bool ends_in_ones(std::span<const int64_t> shape, size_t from) {
  for (size_t i = from; i < shape.size(); i++)
    if (shape[i] != 1) return false;
  return true;
}

// Equal but for the 1x1 of a convolution that is stored as a matrix.
bool same_shape(std::span<const int64_t> a, std::span<const int64_t> b) {
  const size_t common = std::min(a.size(), b.size());
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(common), b.begin()) &&
         ends_in_ones(a, common) && ends_in_ones(b, common);
}

// Which part a tensor of an edit belongs to, whole or a LoRA's factor.
ModelPart part_of_name(std::string_view name) {
  const NamesInEdits text = names_in_edits(ModelPart::text);
  const bool is_text = name.starts_with(text.prefix) || name.starts_with(text.lora);
  return is_text ? ModelPart::text : ModelPart::unet;
}

// The text encoder's tensors under the names that the model has here (models/files/text_names.h).
SafeTensors with_one_name_each(SafeTensors file) {
  const std::string_view prefix = names_in_edits(ModelPart::text).prefix;
  return std::move(file).renamed([&](SafeTensors::Entry& entry) {
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
  Edit edit(with_one_name_each(SafeTensors::open(path)), strength);
  if (edit.file_.entries().empty())
    throw InputError("[edit] {} holds no tensors, so it is no edit", display(path));
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

bool Edit::is_lora() const {
  for (const auto& [name, entry] : file_.entries())
    if (name.ends_with(kohya::down)) return true;
  return false;
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
                             [&](const auto& e) { return part_of_name(e.first) == part; });
}

void Edit::check_base(ModelPart part, const std::string& hash) const {
  const auto trained_on = metadata().find(hash_key(part));
  if (trained_on == metadata().end() || trained_on->second == hash) return;
  const auto name = metadata().find(edit_key::base_name);
  throw InputError(
      "[edit] {} was trained on another model ({}, {}...) than this one ({}...); name that model "
      "with {}, or use {}",
      display(path()), name == metadata().end() ? "unnamed" : name->second,
      trained_on->second.substr(0, 8), hash.substr(0, 8), option("model"), option("force"));
}

std::vector<std::string> Edit::targets(ModelPart part, const SafeTensors& base) const {
  return is_lora() ? lora_targets(part, base) : tensor_targets(part, base);
}

std::vector<std::string> Edit::tensor_targets(ModelPart part, const SafeTensors& base) const {
  std::vector<std::string> names;
  for (const auto& [full, entry] : file_.entries()) {
    if (part_of_name(full) != part) continue;
    const std::string name = full.substr(names_in_edits(part).prefix.size());
    const SafeTensors::Entry* const original = base.find(name);
    if (!original)
      throw InputError("[edit] {} changes '{}', which the model's {} does not have",
                       display(path()), name, names_in_edits(part).about);
    if (!same_shape(entry.shape, original->shape))
      throw InputError("[edit] {}: '{}' is {} and the model's is {}", display(path()), name,
                       text_of(entry.shape), text_of(original->shape));
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> Edit::lora_targets(ModelPart part, const SafeTensors& base) const {
  const std::string path = display(this->path());
  std::map<std::string, const SafeTensors::Entry*> by_kohya;
  for (const auto& [name, entry] : base.entries()) by_kohya[kohya_name(part, name)] = &entry;
  std::vector<std::string> names;
  for (const auto& [name, entry] : file_.entries()) {
    if (part_of_name(name) != part) continue;
    if (!name.ends_with(kohya::down)) {
      const bool known = name.ends_with(kohya::up) || name.ends_with(kohya::alpha);
      const std::string module =
          name.substr(0, name.rfind(name.ends_with(kohya::up) ? kohya::up : kohya::alpha));
      if (!known || !file_.find(module + kohya::down))
        throw InputError("[edit] {}: '{}' is not part of a LoRA that lacuna reads", path, name);
      continue;
    }
    const std::string module = name.substr(0, name.size() - kohya::down.size());
    const auto found = by_kohya.find(module);
    if (found == by_kohya.end())
      throw InputError("[edit] {} changes '{}', which the model's {} does not have", path, module,
                       names_in_edits(part).about);
    const std::vector<int64_t>& shape = found->second->shape;
    const SafeTensors::Entry* up = file_.find(module + kohya::up);
    const std::vector<int64_t>& down = entry.shape;
    if (!up || shape.size() < 2 || down.size() < 2 || up->shape.size() < 2 || down[0] < 1 ||
        up->shape[0] != shape[0] || up->shape[1] != down[0] || !ends_in_ones(up->shape, 2) ||
        !same_shape(std::span(down).subspan(1), std::span(shape).subspan(1)))
      throw InputError("[edit] {}: the factors of '{}' do not fit the model's {}", path, module,
                       text_of(shape));
    names.push_back(found->second->name);
  }
  return names;
}

void Edit::add_change(ModelPart part, const SafeTensors::Entry& target,
                      std::span<const float> original, std::span<float> change) const {
  if (!is_lora()) {
    const std::string name = std::string(names_in_edits(part).prefix) + target.name;
    const std::vector<float> values = floats(file_, file_.at(name));
    for (size_t i = 0; i < values.size(); i++) change[i] += values[i] - original[i];
    return;
  }
  const std::string module = kohya_name(part, target.name);
  const SafeTensors::Entry& down_entry = file_.at(module + kohya::down);
  const std::vector<float> down = floats(file_, down_entry);
  const std::vector<float> up = floats(file_, file_.at(module + kohya::up));
  const auto rank = static_cast<size_t>(down_entry.shape[0]);
  const size_t in = down.size() / rank, out = up.size() / rank;
  float factor = 1;
  if (const SafeTensors::Entry* alpha = file_.find(module + kohya::alpha);
      alpha && alpha->count() == 1)
    factor = floats(file_, *alpha)[0] / static_cast<float>(rank);
  for (size_t o = 0; o < out; o++)
    for (size_t r = 0; r < rank; r++)
      for (size_t i = 0; i < in; i++)
        change[o * in + i] += factor * up[o * rank + r] * down[r * in + i];
}

EditSum::EditSum(ModelPart part, const SafeTensors& base, std::span<const Edit> edits, bool force)
    : part_(part), base_(base) {
  std::string hash;  // takes reading the whole model, so only where it is asked for
  for (const Edit& e : edits) {
    if (!e.changes(part)) continue;
    if (!force && e.names_base(part)) {
      if (hash.empty()) hash = fingerprint(base);
      e.check_base(part, hash);
    }
    for (const std::string& name : e.targets(part, base)) by_target_[name].push_back(&e);
  }
}

std::vector<std::string> EditSum::names() const {
  std::vector<std::string> all;
  for (const auto& [name, edits] : by_target_) all.push_back(name);
  return all;
}

Change EditSum::change(const std::string& name) const {
  const SafeTensors::Entry& target = base_.at(name);
  Change c{name, target.shape, std::vector<float>(target.count()), {}};
  base_.to_float(target, c.original);
  c.change.resize(c.original.size());
  for (const Edit* e : by_target_.at(name)) {
    std::vector<float> one(c.original.size());
    e->add_change(part_, target, c.original, one);
    for (size_t i = 0; i < one.size(); i++) c.change[i] += e->strength() * one[i];
  }
  return c;
}

void for_each_change(ModelPart part, const SafeTensors& base, std::span<const Edit> edits,
                     bool force, const std::function<void(const Change&)>& visit) {
  const EditSum sum(part, base, edits, force);
  for (const std::string& name : sum.names()) visit(sum.change(name));
}

}  // namespace lacuna
