#include "jobs/eval/eval_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/options/fields.h"
#include "erase/edits/fingerprint.h"
#include "jobs/draw/parameters.h"
#include "jobs/draw/sheet.h"
#include "jobs/eval/checked_images.h"
#include "jobs/eval/eval_report.h"
#include "jobs/prompts.h"
#include "judge/verdict.h"
#include "pictures/grid.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t most_judged = 100'000;
constexpr size_t most_seeds_in_grid = 4;  // a pair each: what fits a screen

Overwrite overwrite(const EvalOptions& o) { return o.force ? Overwrite::yes : Overwrite::no; }

void check_output(const EvalOptions& o) {
  const fs::path out = o.out;
  for (const char* name : {"results.json", "before-after.png", "before", "after"})
    if (fs::exists(out / name) && !o.force && (o.pictures || fs::path(name).has_extension()))
      throw InputError("[eval] {} exists; choose another {} or add {} to replace it",
                       display(out / name), option("out"), option("force"));
  for (const char* folder : {"before", "after"})
    if (o.pictures) make_folder(out / folder);
  make_folder(out);
  AtomicFile(out / "results.json", Overwrite::yes);  // can be written
}

EvalOptions checked(EvalOptions o) {
  if (o.edits.files.empty())
    throw InputError("[eval] name the edit that is to be judged with {} FILE", option("edit"));
  if (o.targets.empty() && o.neighbours.empty())
    throw InputError("[eval] name the prompts with {} FILE, {} FILE or both", option("targets"),
                     option("neighbours"));
  fields_of(o, "eval").check();
  if (o.seed > UINT64_MAX - static_cast<uint64_t>(o.count))
    throw InputError("[eval] the seeds counted up from {} would pass 2^64; choose a smaller {}",
                     o.seed, option("seed"));
  check_output(o);
  return o;
}

void add(std::vector<EvalPrompt>& all, const std::string& file, bool targets) {
  if (file.empty()) return;
  for (const PromptGroup& g : read_prompt_groups(file, targets ? "targets" : "neighbours"))
    for (const std::string& prompt : g.prompts) all.push_back({g.name, targets, prompt});
}

// Marks up to `wanted` prompts of one kind, evenly spread over the file and so over its groups.
void choose(std::vector<EvalPrompt>& prompts, bool targets, size_t wanted) {
  std::vector<EvalPrompt*> kind;
  for (EvalPrompt& p : prompts)
    if (p.of_targets == targets) kind.push_back(&p);
  wanted = std::min(wanted, kind.size());
  for (size_t i = 0; i < wanted; i++)
    kind[(2 * i + 1) * kind.size() / (2 * wanted)]->in_grid = true;
}

std::vector<EvalPrompt> prompts_of(const EvalOptions& o) {
  std::vector<EvalPrompt> all;
  add(all, o.targets, true);
  const size_t targets = all.size();
  add(all, o.neighbours, false);
  if (static_cast<int64_t>(all.size()) > most_judged / o.count)
    throw InputError("[eval] {} prompts with {} {} are more than {} pictures; take fewer",
                     all.size(), option("count"), o.count, most_judged);
  const auto rows = static_cast<size_t>(o.grid_rows);
  const size_t neighbours = std::min(rows / 2, all.size() - targets);
  choose(all, true, std::min(rows - neighbours, targets));
  choose(all, false, rows - std::min(rows - neighbours, targets));
  return all;
}

std::vector<ImageRequest> requests_of(const EvalOptions& o,
                                      const std::vector<EvalPrompt>& prompts) {
  std::vector<ImageRequest> all;
  for (const EvalPrompt& p : prompts)
    for (int64_t i = 0; i < o.count; i++)
      all.push_back({p.prompt, "", o.seed + static_cast<uint64_t>(i)});
  return all;
}

// What --target says, else what the edits say that they erase.
std::optional<Target> target_of(const EvalOptions& o, std::span<const Edit> edits) {
  if (!o.target.empty()) return Target::parse(o.target);
  for (const Edit& e : edits)
    if (const auto found = e.metadata().find(std::string(edit_key::options) + "concept");
        found != e.metadata().end())
      return Target::of_concept(found->second);
  return {};
}

GenerateOptions with_size(GenerateOptions generate, const StableDiffusion& model) {
  generate.width = generate.height = model.default_size();
  return generate;
}

}  // namespace

EvalJob::EvalJob(EvalOptions options)
    : o_(checked(std::move(options))),
      begin_(wall_seconds()),
      cpu_begin_(cpu_seconds()),
      prompts_(prompts_of(o_)),
      requests_(requests_of(o_, prompts_)),
      edits_(o_.edits.open()),
      device_(o_.common.open_device()),
      model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
      edited_model_(model_, edits_, o_.force),
      progress_("evaluating", 1, o_.json),
      drawer_(model_, o_.generate = with_size(o_.generate, model_), o_.batch, progress_),
      evaluation_(target_of(o_, edits_)),
      before_(requests_.size()),
      after_(requests_.size()) {
  const bool pico = checker_knows_images_of(model_);
  if (!pico && !o_.target.empty())
    throw InputError(
        "[eval] {} is looked for in pictures of pico's language, which {} does not draw; leave it "
        "out, and add {} to judge them elsewhere",
        option("target"), model_.name(), option("pictures"));
  for (EvalPrompt& p : prompts_)
    p.judged = pico && (checker::parse_prompt(p.prompt).anything() ||
                        (p.of_targets && evaluation_.target()));
  progress_.restart("evaluating", 2 * drawer_.steps(requests_.size()));
  progress_.event({{"event", "start"},
                   {"model", display(model_.path())},
                   {"device", device_->info().name},
                   {"precision", name_of(model_.dtype())},
                   {"pictures", 2 * requests_.size()},
                   {"edits", describe(edits_)}});
  progress_.say(fmt::format("{} in {} on {}, {}: {} prompts, {} seeds, {} pictures", model_.name(),
                            name_of(model_.dtype()), device_->info().name, describe(edits_),
                            prompts_.size(), o_.count, 2 * requests_.size()));
}

void EvalJob::draw() {
  draw_all(false);
  draw_all(true);
  progress_.finish();
  for (size_t i = 0; i < requests_.size(); i++) {
    const EvalPrompt& p = prompt_of(i);
    if (p.judged)
      evaluation_.add(p.group, p.of_targets, p.prompt, *before_[i].verdict, *after_[i].verdict);
  }
}

void EvalJob::draw_all(bool edited) {
  const auto visit = [&](size_t i, Generated&& picture) {
    EvalPicture& to = (edited ? after_ : before_)[i];
    if (prompt_of(i).judged) to.verdict = checker::look(picture.image);
    if (o_.pictures) save(i, picture.image, edited);
    if (prompt_of(i).in_grid && i % static_cast<size_t>(o_.count) < most_seeds_in_grid)
      to.image = std::move(picture.image);
  };
  drawer_.draw(requests_, visit, edited ? &edited_model_ : nullptr);
}

void EvalJob::save(size_t picture, const Image& image, bool edited) {
  const ImageRequest& request = requests_[picture];
  const fs::path file = fs::path(o_.out) / (edited ? "after" : "before") /
                        fmt::format("{:05}-{}.png", picture, request.seed);
  const auto png = encode_png(
      image, {{"parameters",
               parameters_text(request, o_.generate, model_, edited ? describe(edits_) : "")}});
  write_file(file, png, overwrite(o_));
}

Image EvalJob::sheet() const {
  std::vector<Image> before, after;
  std::vector<ImageRequest> shown;
  for (size_t i = 0; i < requests_.size(); i++) {
    if (before_[i].image.rgb.empty()) continue;
    before.push_back(before_[i].image);
    after.push_back(after_[i].image);
    shown.push_back(requests_[i]);
  }
  return comparison_sheet(before, after, shown,
                          std::min(static_cast<size_t>(o_.count), most_seeds_in_grid));
}

json EvalJob::results() const {
  json report = table_json(evaluation_);
  report["software"] = "lacuna " LACUNA_VERSION;
  report["model"] = model_.name();
  report["model_hash"] = fingerprint(model_.unet_weights().file());
  report["precision"] = name_of(model_.dtype());
  report["device"] = device_->info().name;
  report["options"] = {{"steps", o_.generate.steps},
                       {"guidance", o_.generate.guidance},
                       {"sampler", o_.generate.sampler},
                       {"count", o_.count},
                       {"seed", o_.seed},
                       {"batch", o_.batch},
                       {"targets", o_.targets},
                       {"neighbours", o_.neighbours}};
  for (const Edit& e : edits_)
    report["edits"].push_back(
        {{"file", display(e.path())}, {"strength", e.strength()}, {"metadata", e.metadata()}});
  report["seconds"] = wall_seconds() - begin_;
  report["cpu_seconds"] = cpu_seconds() - cpu_begin_;
  return report;
}

json EvalJob::pictures() const {
  json all = json::array();
  for (size_t i = 0; i < requests_.size(); i++) {
    const EvalPrompt& p = prompt_of(i);
    json picture = {{"group", p.group},
                    {"of_targets", p.of_targets},
                    {"prompt", p.prompt},
                    {"seed", requests_[i].seed}};
    const auto verdict = [&](const EvalPicture& of) {
      json object = verdict_json(*of.verdict, checker::parse_prompt(p.prompt));
      if (const auto& target = evaluation_.target())
        object["shows_target"] = target->shown_in(*of.verdict);
      return object;
    };
    if (p.judged) picture["before"] = verdict(before_[i]), picture["after"] = verdict(after_[i]);
    all.push_back(std::move(picture));
  }
  return all;
}

void EvalJob::finish() {
  const fs::path grid = fs::path(o_.out) / "before-after.png";
  const fs::path file = fs::path(o_.out) / "results.json";
  write_file(grid, encode_png(sheet()), overwrite(o_));
  json report = results();
  json event = report;  // without the pictures, which are many
  event["event"] = "done";
  report["pictures"] = pictures();
  write_file(file, report.dump(1, ' ', false, json::error_handler_t::replace) + "\n",
             overwrite(o_));
  progress_.say("");
  for (const std::string& line : table_lines(evaluation_, prompts_)) progress_.say(line);
  progress_.say(
      fmt::format("\n{}  pictures side by side\n{}  every verdict", display(grid), display(file)));
  progress_.say(
      fmt::format("{:.1f} s ({:.2f} CPU s a picture), at most {:.0f} MiB on the device",
                  report["seconds"].get<double>(),
                  report["cpu_seconds"].get<double>() / static_cast<double>(2 * requests_.size()),
                  device_->peak_bytes() / 1048576.0));
  progress_.say(evaluation_.sentence());
  progress_.event(event);
}

}  // namespace lacuna
