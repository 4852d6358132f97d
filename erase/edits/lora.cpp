#include "erase/edits/lora.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "erase/edits/kohya.h"
#include "models/files/name_table.h"

namespace lacuna {
namespace {

// How a trainer names a module's factors, and the module by its weight. The way back is a table of
// the model's own names: one name with underscores can be read in several ways.
struct LoraDialect {
  std::string down, up, alpha;  // what follows the module's name
  std::string (*module)(ModelPart part, std::string weight);
};
const LoraDialect dialects[] = {{kohya::down, kohya::up, kohya::alpha, kohya_name}};

// The file's; null if it has no factors.
const LoraDialect* dialect_of(const TensorFile& file) {
  for (const LoraDialect& dialect : dialects)
    for (const auto& [name, entry] : file.entries())
      if (name.ends_with(dialect.down)) return &dialect;
  return nullptr;
}

bool ends_in_ones(std::span<const int64_t> shape, size_t from) {
  for (size_t i = from; i < shape.size(); i++)
    if (shape[i] != 1) return false;
  return true;
}

bool fits(const LoraFactors& f, std::span<const int64_t> shape) {
  if (!f.up || shape.size() < 2 || f.down->shape.size() < 2 || f.up->shape.size() < 2) return false;
  const std::span<const int64_t> down = f.down->shape, up = f.up->shape;
  return down[0] >= 1 && up[0] == shape[0] && up[1] == down[0] && ends_in_ones(up, 2) &&
         same_shape(down.subspan(1), shape.subspan(1));
}

// The module of a factor that is not its `down`; throws if the file has none of that.
void check_other(const TensorFile& file, const LoraDialect& d, const std::string& name) {
  for (const std::string* end : {&d.up, &d.alpha})
    if (name.ends_with(*end) && file.find(name.substr(0, name.size() - end->size()) + d.down))
      return;
  throw InputError("[edit] {}: '{}' is not part of a LoRA that lacuna reads", display(file.path()),
                   name);
}

}  // namespace

bool is_lora(const TensorFile& file) { return dialect_of(file) != nullptr; }

std::vector<LoraFactors> read_lora(const TensorFile& file, ModelPart part, const TensorFile& base) {
  std::vector<LoraFactors> all;
  const LoraDialect* d = dialect_of(file);
  if (!d) return all;
  const std::string path = display(file.path());
  std::vector<std::string> names;
  for (const auto& [name, entry] : base.entries()) names.push_back(name);
  const NameTable targets(names, [&](const std::string& name) { return d->module(part, name); });
  for (const auto& [name, entry] : file.entries()) {
    if (part_in_edit(name) != part) continue;
    if (!name.ends_with(d->down)) {
      check_other(file, *d, name);
      continue;
    }
    const std::string module = name.substr(0, name.size() - d->down.size());
    const std::string* target = targets.find(module);
    if (!target)
      throw InputError("[edit] {} changes '{}', which the model's {} does not have", path, module,
                       part->about);
    const LoraFactors factors{*target, file.find(module + d->up), &entry,
                              file.find(module + d->alpha)};
    const std::vector<int64_t>& shape = base.at(*target).shape;
    if (!fits(factors, shape))
      throw InputError("[edit] {}: the factors of '{}' do not fit the model's {}", path, module,
                       fmt::format("{}", fmt::join(shape, "x")));
    all.push_back(factors);
  }
  return all;
}

bool same_shape(std::span<const int64_t> a, std::span<const int64_t> b) {
  const size_t common = std::min(a.size(), b.size());
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(common), b.begin()) &&
         ends_in_ones(a, common) && ends_in_ones(b, common);
}

}  // namespace lacuna
