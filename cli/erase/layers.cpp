// Reads the header of one weights file: neither a device nor memory for the weights is needed.

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "cli/verbs.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "jobs/model_options.h"
#include "jobs/table.h"

namespace lacuna {
namespace {

using nlohmann::json;

// Weight, gradient and Adam's two moments, in f32.
constexpr int64_t training_bytes = 16;

struct LayersOptions {
  ModelOptions model;
  std::string params, part = "unet";
  bool as_json = false;
};

ModelPart part_of(const LayersOptions& o) {
  for (const PartRow& row : part_rows)
    if (o.part == row.name) return row;
  throw InputError("[part] '{}' is no part of a model; choose unet, text or vae", o.part);
}

struct Totals {
  size_t tensors = 0;
  int64_t scalars = 0;

  void add(const NamedShape& tensor) { tensors++, scalars += tensor.scalars(); }
};

struct Listing {
  std::vector<NamedShape> all;
  std::vector<std::vector<std::string_view>> sets_of;        // of each tensor
  std::vector<std::pair<const ParameterSet*, Totals>> sets;  // of this part
  std::vector<size_t> shown;
  Totals total;
};

Listing list(const PartParameters& of, const std::string& params) {
  Listing l{.all = of.all};
  l.sets_of.resize(l.all.size());
  for (const ParameterSet& set : parameter_sets()) {
    if (!set.is_of(of.part)) continue;
    l.sets.emplace_back(&set, Totals{});
    for (const size_t i : members(l.all, set)) {
      l.sets_of[i].push_back(set.name);
      l.sets.back().second.add(l.all[i]);
    }
  }
  const std::vector<std::string> names = select(of, params.empty() ? "full" : params);
  const std::set<std::string_view> selected(names.begin(), names.end());
  for (size_t i = 0; i < l.all.size(); i++) {
    if (!selected.contains(l.all[i].name)) continue;
    l.shown.push_back(i);
    l.total.add(l.all[i]);
  }
  return l;
}

std::string memory(int64_t bytes) {
  const auto b = static_cast<double>(bytes);
  if (bytes >= int64_t{1} << 30) return fmt::format("{:.2f} GiB", b / (int64_t{1} << 30));
  return fmt::format("{:.1f} MiB", b / (int64_t{1} << 20));
}

std::string shape_of(const NamedShape& tensor) {
  return tensor.shape.empty() ? "1" : fmt::format("{}", fmt::join(tensor.shape, "x"));
}

void print_json(const TensorFile& file, const LayersOptions& o, const Listing& l) {
  json report = {{"file", display(file.path())},
                 {"part", o.part},
                 {"params", o.params.empty() ? "full" : o.params},
                 {"tensors", json::array()},
                 {"sets", json::array()},
                 {"total",
                  {{"tensors", l.total.tensors},
                   {"scalars", l.total.scalars},
                   {"training_bytes", l.total.scalars * training_bytes}}}};
  for (const size_t i : l.shown)
    report["tensors"].push_back({{"name", l.all[i].name},
                                 {"shape", l.all[i].shape},
                                 {"scalars", l.all[i].scalars()},
                                 {"sets", l.sets_of[i]}});
  for (const auto& [set, totals] : l.sets)
    report["sets"].push_back({{"name", set->name},
                              {"also", set->also},
                              {"about", set->about},
                              {"tensors", totals.tensors},
                              {"scalars", totals.scalars}});
  fmt::print("{}\n", report.dump(1, ' ', false, json::error_handler_t::replace));
}

void print_tensors(const Listing& l) {
  size_t name = 0, shape = 0, scalars = 0;
  for (const size_t i : l.shown) {
    name = std::max(name, l.all[i].name.size());
    shape = std::max(shape, shape_of(l.all[i]).size());
    scalars = std::max(scalars, with_commas(l.all[i].scalars()).size());
  }
  for (const size_t i : l.shown)
    fmt::print("{:{}}  {:>{}}  {:>{}}  {}\n", l.all[i].name, name, shape_of(l.all[i]), shape,
               with_commas(l.all[i].scalars()), scalars, fmt::join(l.sets_of[i], " "));
}

void print_sets(const Listing& l) {
  fmt::print("\n{:15}{:>7}  {:>11}\n", "set", "tensors", "scalars");
  for (const auto& [set, totals] : l.sets)
    fmt::print("{:15}{:>7}  {:>11}  {}\n", set->name, totals.tensors, with_commas(totals.scalars),
               set->about);
}

void layers(const LayersOptions& o) {
  const ModelPart part = part_of(o);
  const TensorFile file = open_weights(o.model.model_path(), part);
  const Listing l = list(parameters_of(part, file), o.params);
  if (o.as_json) {
    print_json(file, o, l);
    return;
  }
  print_tensors(l);
  if (o.params.empty()) print_sets(l);
  fmt::print("\n{} tensor{}, {} scalars; training state: {} ({} B a scalar)\n", l.total.tensors,
             l.total.tensors == 1 ? "" : "s", with_commas(l.total.scalars),
             memory(l.total.scalars * training_bytes), training_bytes);
}

class Layers : public Verb {
 public:
  Layers() : Verb("layers", "List a model's parameters and the named sets of them") {
    Fields& f = fields;
    f.group("What to list");
    f.pick(o_.model, {"model"});
    f.add("part", o_.part, "unet|text|vae", "Which part of the model")
        .one_of({"unet", "text", "vae"});
    f.add("params", o_.params, "SET|PATTERN",
          "List only these: a set, or patterns over tensor names with commas between; ! excludes "
          "what it names. Such as x, '*.attn2.to_[kv].*', 'mid_block.*,self', 'full,!*norm*'");
    f.group(group::output);
    f.add("json", o_.as_json, "Print one JSON object");
    notes_ = "Sets of the UNet:\n" + sets_text(ModelPart::unet) +
             "Sets of the text encoder (--part text):\n" + sets_text(ModelPart::text) +
             "The names in papers' programs are also understood: esd-x, noxattn, cross-attn.\n"
             "Patterns: * is any run of characters, ? one, [kv] or [4-9] a class, {a,b}\n"
             "alternatives. 7 or 4-11 are layers of the text encoder by number.\n"
             "Training state is what training keeps in f32 beside the model: the weight, its\n"
             "gradient and Adam's two moments.";
    inner.push_back(layers_map_verb());
  }
  void run() override { layers(o_); }

 private:
  LayersOptions o_;
};

}  // namespace

std::unique_ptr<Verb> layers_verb() { return std::make_unique<Layers>(); }

}  // namespace lacuna
