// Reads the model's weights and the edits from their files: no device is needed.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "cli/verbs.h"
#include "erase/edits/difference.h"
#include "erase/groups.h"
#include "jobs/draw/edits.h"
#include "jobs/model_options.h"
#include "jobs/table.h"
#include "models/files/model_files.h"
#include "pictures/chart.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t name_width = 51;  // of 80 columns
constexpr size_t usual_rows = 40;

struct DiffOptions {
  std::vector<std::string> files;  // the model, unless it is left out, and the edits
  std::string out, sort = "ratio";
  std::optional<int64_t> top;
  bool force = false, as_json = false;
};

// The first argument is the model where it is a folder, a checkpoint or pico's name.
bool names_model(const std::string& argument) {
  return argument.empty() || fs::is_directory(argument) || is_checkpoint(argument) ||
         (argument == "pico" && !fs::exists(argument));
}

// The file that was asked for, or the first of diff.png, diff-2.png, ... that is free.
fs::path chart_file(const DiffOptions& o) {
  fs::path file = o.out;
  if (o.out.empty()) {
    file = "diff.png";
    for (int i = 2; fs::exists(file); i++) file = fmt::format("diff-{}.png", i);
  }
  if (file.extension() != ".png")
    throw InputError("[diff] {} {} must end in .png", option("out"), display(file));
  if (fs::exists(file) && !o.force)
    throw InputError("[diff] {} exists; choose another name or add {} to replace it", display(file),
                     option("force"));
  if (file.has_parent_path()) make_folder(file.parent_path());
  return file;
}

// A name of a tensor that fits the table and still says which tensor it is: what all names of a
// kind have in common makes room first.
std::string table_name(std::string name) {
  for (const std::string_view common : {".text_model.encoder.", ".transformer_blocks."})
    if (const size_t at = name.find(common); at != std::string::npos && name.size() > name_width)
      name.replace(at, common.size(), "..");
  return cell_middle(std::move(name), name_width);
}

std::string line(const std::string& name, const Difference& d) {
  const auto ratio = d.ratio();
  return fmt::format("{} {:>8} {:>9} {:>9}", table_name(name),
                     ratio ? fmt::format("{:.4f}", *ratio) : "-", fmt::format("{:.2e}", d.mean),
                     fmt::format("{:.2e}", d.largest));
}

json as_json(const Difference& d) {
  json object = {
      {"scalars", d.scalars}, {"unchanged", d.unchanged},         {"lost_in_f16", d.lost_in_half},
      {"norm", d.norm},       {"original_norm", d.original_norm}, {"mean", d.mean},
      {"max", d.largest}};
  object["ratio"] = d.ratio() ? json(*d.ratio()) : json();
  if (!d.name.empty()) object["name"] = d.name, object["shape"] = d.shape;
  return object;
}

void print_table(const std::vector<Difference>& all, size_t shown, const Difference& sum) {
  fmt::print("{} {:>8} {:>9} {:>9}\n", cell("tensor", name_width), "dW/W", "mean |dW|", "max |dW|");
  for (size_t i = 0; i < shown; i++) fmt::print("{}\n", line(all[i].name, all[i]));
  if (const auto rest = std::span(all).subspan(shown); !rest.empty())
    fmt::print("{}\n", line(fmt::format("the other {} tensors", rest.size()), total(rest)));
  if (all.size() > 1) fmt::print("{}\n", line(fmt::format("all {} tensors", all.size()), sum));
}

void print_totals(const std::vector<Difference>& all, const Difference& sum) {
  const auto still =
      std::ranges::count_if(all, [](const Difference& d) { return d.unchanged == d.scalars; });
  fmt::print("\n{} of {} tensors change, {} of their {} scalars; {} are equal to the original\n",
             all.size() - static_cast<size_t>(still), all.size(),
             with_commas(sum.scalars - sum.unchanged), with_commas(sum.scalars),
             with_commas(sum.unchanged));
  if (sum.lost_in_half > 0)
    fmt::print("{} changes are so small that storing the model as f16 rounds them away\n",
               with_commas(sum.lost_in_half));
}

void write_chart(const fs::path& file, const std::vector<Difference>& all, const std::string& title,
                 bool force) {
  BarChart chart{title, {}};
  for (const Difference& d : all)
    if (d.ratio()) chart.bars.push_back({d.name, *d.ratio()});
  write_file(file, encode_png(bar_chart(chart)), force ? Overwrite::yes : Overwrite::no);
}

void diff(const DiffOptions& o) {
  if (o.top && *o.top < 1)
    throw InputError("[diff] {} {} is out of range; 1 or more are possible", option("top"), *o.top);
  const bool has_model = !o.files.empty() && names_model(o.files[0]);
  EditOptions files{{o.files.begin() + (has_model ? 1 : 0), o.files.end()}};
  if (files.files.empty())
    throw InputError("[diff] name the edits after the model: lacuna diff pico edit.safetensors");
  const std::vector<Edit> edits = files.open();
  ModelOptions model;
  if (has_model) model.model = o.files[0];
  const fs::path folder = model.model_path(), out = chart_file(o);
  std::vector<Difference> all = differences(folder, edits, o.force);
  if (o.sort == "ratio")
    std::ranges::stable_sort(all, [](const Difference& a, const Difference& b) {
      return a.ratio().value_or(-1) > b.ratio().value_or(-1);
    });
  const Difference sum = total(all);
  const std::string name = display(fs::weakly_canonical(folder).filename());
  write_chart(out, all, fmt::format("||dW|| / ||W|| of {} on {}", describe(edits), name), o.force);
  const size_t shown = std::min(all.size(), o.top ? static_cast<size_t>(*o.top) : usual_rows);
  if (o.as_json) {
    json report = {{"model", display(folder)},
                   {"edits", json::array()},
                   {"tensors", json::array()},
                   {"total", as_json(sum)},
                   {"chart", display(out)}};
    for (const Edit& e : edits)
      report["edits"].push_back({{"file", display(e.path())}, {"strength", e.strength()}});
    for (size_t i = 0; i < (o.top ? shown : all.size()); i++)
      report["tensors"].push_back(as_json(all[i]));
    fmt::print("{}\n", report.dump(1, ' ', false, json::error_handler_t::replace));
    return;
  }
  fmt::print("{} on {}\n\n", describe(edits), name);
  print_table(all, shown, sum);
  print_totals(all, sum);
  fmt::print("{}  bars of every tensor\n", display(out));
}

class Diff : public Verb {
 public:
  Diff() : Verb("diff", "Which layers an edit changes, and how far") {
    Fields& f = fields;
    f.group("What to compare");
    f.add("files", o_.files, "[MODEL] FILE[:X]...",
          "The model (a diffusers folder, a single-file checkpoint, or pico, which holds if you "
          "name none), then the edits, with a strength after a colon; several edits add up")
        .positional()
        .required();
    f.group(group::output);
    f.add("top", o_.top, "N", "Tensors in the table").usually("all up to 40, of more the first");
    f.add("sort", o_.sort, "ratio|name", "Largest change first, or as the tensors are named")
        .one_of({"ratio", "name"});
    f.add("out", o_.out, "FILE", "Bar chart of the table")
        .usually("diff.png, or the next number that is free");
    f.add("force", o_.force,
          "Replace a chart that exists; use an edit that was made for another model");
    f.add("json", o_.as_json, "Print one JSON object");
    notes_ =
        "dW/W is the length of the change divided by that of the tensor, as vectors of\n"
        "all their numbers; it is - if the tensor is zero. mean and max are of |dW|.";
  }
  void run() override { diff(o_); }

 private:
  DiffOptions o_;
};

}  // namespace

std::unique_ptr<Verb> diff_verb() { return std::make_unique<Diff>(); }

}  // namespace lacuna
