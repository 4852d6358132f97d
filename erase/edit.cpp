#include "erase/edit.h"

#include <charconv>
#include <cmath>
#include <set>

#include "engine/error.h"
#include "engine/half.h"
#include "erase/fingerprint.h"
#include "erase/kohya.h"

namespace lacuna {
namespace {

constexpr std::string_view down_end = ".lora_down.weight", up_end = ".lora_up.weight",
                           alpha_end = ".alpha";

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

}  // namespace

Edit Edit::open(const std::filesystem::path& path, float strength) {
  if (!std::isfinite(strength) || std::abs(strength) > 100)
    throw InputError("[edit] the strength {} of {} is out of range; 0 to 1 are usual", strength,
                     display(path));
  Edit edit(SafeTensors::open(path), strength);
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
    if (name.ends_with(down_end)) return true;
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

std::vector<std::string> Edit::targets(const WeightStore& base, const std::string& base_hash,
                                       bool force) const {
  const std::string path = display(this->path());
  const auto trained_on = metadata().find(edit_key::base_hash);
  if (!force && trained_on != metadata().end() && trained_on->second != base_hash) {
    const auto name = metadata().find(edit_key::base_name);
    throw InputError(
        "[edit] {} was trained on another model ({}, {}...) than this one ({}...); name that model "
        "with --model, or use --force",
        path, name == metadata().end() ? "unnamed" : name->second,
        trained_on->second.substr(0, 8), base_hash.substr(0, 8));
  }
  std::map<std::string, const Parameter*> by_kohya;
  if (is_lora())
    for (const auto& [name, p] : base.loaded()) by_kohya[kohya_name(name)] = &p;
  std::set<std::string> names;
  for (const auto& [name, entry] : file_.entries()) {
    if (!is_lora()) {
      const auto found = base.loaded().find(name);
      if (found == base.loaded().end())
        throw InputError("[edit] {} changes '{}', which the model does not have", path, name);
      if (!same_shape(entry.shape, found->second.shape))
        throw InputError("[edit] {}: '{}' is {} and the model's is {}", path, name,
                         text_of(entry.shape), text_of(found->second.shape));
      names.insert(name);
      continue;
    }
    if (!name.ends_with(down_end)) {
      if (!name.ends_with(up_end) && !name.ends_with(alpha_end))
        throw InputError("[edit] {}: '{}' is not part of a LoRA that lacuna reads", path, name);
      continue;
    }
    const std::string module = name.substr(0, name.size() - down_end.size());
    const auto found = by_kohya.find(module);
    if (found == by_kohya.end())
      throw InputError("[edit] {} changes '{}', which the model's UNet does not have", path, module);
    const Parameter& p = *found->second;
    const SafeTensors::Entry* up = file_.find(module + std::string(up_end));
    const auto& down = entry.shape;
    const std::vector<int64_t> tail(p.shape.begin() + 1, p.shape.end());
    if (!up || down.size() < 2 || up->shape.size() < 2 || up->shape[0] != p.shape[0] ||
        up->shape[1] != down[0] || !ends_in_ones(up->shape, 2) ||
        !same_shape(std::span(down).subspan(1), tail))
      throw InputError("[edit] {}: the factors of '{}' do not fit the model's {}", path, module,
                       text_of(p.shape));
    names.insert(p.name);
  }
  return {names.begin(), names.end()};
}

void Edit::add_change(const Parameter& target, std::span<const float> original,
                      std::span<float> change) const {
  if (!is_lora()) {
    const std::vector<float> values = floats(file_, file_.at(target.name));
    for (size_t i = 0; i < values.size(); i++) change[i] += values[i] - original[i];
    return;
  }
  const std::string module = kohya_name(target.name);
  const SafeTensors::Entry& down_entry = file_.at(module + std::string(down_end));
  const std::vector<float> down = floats(file_, down_entry);
  const std::vector<float> up = floats(file_, file_.at(module + std::string(up_end)));
  const auto rank = static_cast<size_t>(down_entry.shape[0]);
  const size_t in = down.size() / rank, out = up.size() / rank;
  float factor = 1;
  if (const SafeTensors::Entry* alpha = file_.find(module + std::string(alpha_end));
      alpha && alpha->count() == 1)
    factor = floats(file_, *alpha)[0] / static_cast<float>(rank);
  for (size_t o = 0; o < out; o++)
    for (size_t r = 0; r < rank; r++)
      for (size_t i = 0; i < in; i++)
        change[o * in + i] += factor * up[o * rank + r] * down[r * in + i];
}

void for_each_change(const WeightStore& base, std::span<const Edit> edits, bool force,
                     const std::function<void(const Parameter&, const Change&)>& visit) {
  const std::string hash = fingerprint(base.file());
  std::map<std::string, std::vector<const Edit*>> by_target;
  for (const Edit& e : edits)
    for (const std::string& name : e.targets(base, hash, force)) by_target[name].push_back(&e);
  for (const auto& [name, list] : by_target) {
    const Parameter& p = base.loaded().at(name);
    Change c{name, p.shape, std::vector<float>(base.file().at(name).count()), {}};
    base.file().to_float(base.file().at(name), c.original);
    c.change.resize(c.original.size());
    for (const Edit* e : list) {
      std::vector<float> one(c.original.size());
      e->add_change(p, c.original, one);
      for (size_t i = 0; i < one.size(); i++) c.change[i] += e->strength() * one[i];
    }
    visit(p, c);
  }
}

EditedWeights::EditedWeights(const WeightStore& base, std::span<const Edit> edits,
                             bool force) {
  for_each_change(base, edits, force, [&](const Parameter& p, const Change& c) {
    std::vector<float> edited(c.original), values(c.original.size());
    for (size_t i = 0; i < edited.size(); i++) edited[i] += c.change[i];
    to_engine_layout(p.layout, p.shape, edited, values);
    Parameter copy = p;
    copy.address = base.upload_beside(buffers_, p.name, values);
    parameters_.emplace_back(p, copy);
  });
}

void EditedWeights::replace(Graph& graph) const {
  for (const auto& [original, edited] : parameters_)
    graph.replace(original.address, [&edited = edited](Graph& g) {
      return g.frozen(edited.name, edited.type, edited.address);
    });
}

}  // namespace lacuna
