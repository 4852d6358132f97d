#include "jobs/erase/auto_run.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options/fields.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/phrasing.h"
#include "jobs/erase/anchored_uce.h"
#include "jobs/erase/auto_training.h"
#include "jobs/erase/decision_report.h"
#include "jobs/erase/erase_output.h"
#include "jobs/erase/text_training.h"
#include "jobs/interrupt.h"
#include "jobs/observer.h"
#include "jobs/prompts.h"
#include "pictures/image.h"

namespace lacuna {
namespace {

AutoOptions checked(AutoOptions o) {
  o.check();
  if (o.plan_only) return o;
  check_edit_output(o.out, o.resume || o.force);
  // Before the work, not when training begins.
  RunFolder::check(o.run_folder(), o.resume, o.force);
  RunFolder::check(TextTraining::folder_in(o.run_folder()), o.resume, o.force);
  return o;
}

// The weights of the concepts in the closed form, from careful to thorough: the first that
// reaches the goal moves the neighbours least.
constexpr double erase_scales[] = {1, 3, 10};
// Images are looked at from this many goals off the goal on.
constexpr double nearly = 4;

LatentSize size_of(const AutoOptions& o, const StableDiffusion& model) {
  const auto [width, height] = size_or_default(o.size, model);
  return model.latent_size(width, height);
}

}  // namespace

AutoRun::AutoRun(const AutoOptions& options, RunObserver* observer)
    : o_(checked(options)),
      cpu_begin_(lacuna::cpu_seconds()),
      observer_(observer),
      device_(Device::open({.selector = o_.common.device, .count_only = o_.plan_only})),
      model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
      text_(model_.text_predictor()),
      size_(size_of(o_, model_)),
      progress_("erasing", 1, o_.json, observer),
      found_(model_, text_, size_, {o_.until, o_.drift}, progress_, o_.run_folder(), o_.save_type,
             [this] { go_on(); }) {
  if (o_.plan_only) return;
  unet_hash_ = fingerprint(model_.unet_weights().file());
  text_hash_ = fingerprint(model_.text_weights().file());
}

double AutoRun::cpu_seconds() const { return lacuna::cpu_seconds() - cpu_begin_; }

void AutoRun::go_on() const {
  if (!goes_on(observer_)) throw Interrupted{};
}

void AutoRun::plan() {
  progress_.say(fmt::format(
      "at most {} UNet evaluations (backward counted as two): about 250 to decide for each "
      "concept, 150 to measure, none for the closed form, 30 for each round of the text encoder's "
      "training if that misses, the rest for training the UNet",
      o_.budget));
  AutoTraining(*device_, model_, text_, size_, o_).plan(o_.json);
}

void AutoRun::run() {
  std::vector<std::string> retained;
  add_prompts(retained, o_.retain_file);
  std::vector<ConceptQuestion> questions;
  for (size_t i = 0; i < o_.concepts.size(); i++)
    questions.push_back({.concept_ = o_.concepts[i],
                         .all = o_.concepts,
                         .kind = o_.kind,
                         .anchor = o_.anchor_of(i),
                         .retained = retained,
                         .seed = o_.seed});
  found_.find(questions, o_.show_neighbours);
  if (o_.show_neighbours) return progress_.finish();
  consider(closed_form());
  close_other_ways();
  // Pull is a mean over phrasings, some of them odd: what is nearly there may be gone in images.
  if (found_.goal().reached(best_->measured) || found_.goal().missing(best_->measured) <= nearly)
    judge();
  // The images decide: what they show is what the user gets. First what costs least.
  const Stage closed = *best_;
  const auto improve = [&](const std::function<void()>& train) {
    if (succeeded()) return;
    const std::string before = best_->name;
    train();
    if (!verdict_.judged() || best_->name != before) judge();
  };
  improve([&] { train_text_encoder(); });
  improve([&] { train(closed); });
  progress_.finish();
  write(*best_, o_.out);
  found_.clean();
}

void AutoRun::judge() {
  progress_.finish();
  // Rounding included, as it will be used.
  found_.with_edited(best_->tensors, [&](EditedModel& edited) {
    verdict_ =
        judge_images(model_, edited, found_.decisions(), size_, o_.images, o_.seed, progress_);
    if (o_.images > 0)
      again_ = ask_another_way(model_, edited, found_.decisions(), size_, o_.other_ways, o_.seed,
                               progress_);
  });
  progress_.finish();
  if (o_.images > 0) write_file(sheet_file(), encode_png(verdict_.sheet), Overwrite::yes);
}

bool AutoRun::succeeded() const {
  if (!verdict_.judged() || !verdict_.drawable()) return found_.goal().reached(best_->measured);
  const checker::Rate again = asked_again();
  return verdict_.gone() && 10 * again.right <= again.asked && best_->measured.drift() <= o_.drift;
}

checker::Rate AutoRun::asked_again() const {
  checker::Rate all;
  for (const AskedAgain& a : again_) {
    all.asked += a.rate.asked;
    all.right += a.rate.right;
  }
  return all;
}

void AutoRun::report() {
  nlohmann::json event = {{"event", "done"},
                          {"edit", o_.out},
                          {"gone", succeeded()},
                          {"sentence", sentence()},
                          {"unet_evaluations", evaluations()},
                          {"cpu_seconds", cpu_seconds()},
                          {"peak_bytes", device_->peak_bytes()}};
  for (const AskedAgain& a : again_)
    event["asked_again"].push_back(
        {{"way", a.way}, {"asked", a.rate.asked}, {"shown", a.rate.right}});
  if (verdict_.judged())
    event["images"] = {{"asked", verdict_.after.asked},
                       {"before", verdict_.before.right},
                       {"after", verdict_.after.right}};
  progress_.say(fmt::format("{}  {} tensors; {} UNet evaluations, {:.1f} CPU s, at most {:.0f} MiB",
                            o_.out, best_->tensors.size(), evaluations(), cpu_seconds(),
                            device_->peak_bytes() / 1048576.0));
  if (o_.images > 0)
    progress_.say(fmt::format("{}  images before and after", display(sheet_file())));
  progress_.event(event);
  if (!succeeded()) throw GoalMissed("[erase] {}", sentence());
  progress_.say(sentence());
}

std::string AutoRun::sentence() const {
  const Progressed& p = best_->measured;
  std::string text = found_.concepts_are();
  if (verdict_.judged() && verdict_.drawable())
    text += fmt::format(" {}: {} of {} images that ask for it show it (before: {})",
                        verdict_.gone() ? "gone" : "not gone", verdict_.after.right,
                        verdict_.after.asked, verdict_.before.right);
  else
    text += fmt::format(" {}: {:.1f} % of the pull on the prediction is left (goal {:g} %)",
                        p.pull() <= o_.until ? "gone as far as the prediction tells" : "not gone",
                        100 * p.pull(), 100 * o_.until);
  text += sentence_of_other_ways();
  text += fmt::format("; neighbours keep {:.1f} % of what they say (goal {:g} %)",
                      100 * (1 - p.drift()), 100 * (1 - o_.drift));
  if (succeeded()) return text;
  if (p.drift() > o_.drift)
    return text + fmt::format("; try another {} or a smaller part of it", option("anchor"));
  return text + fmt::format("; try {} {}, another {} or {}", option("budget"), 2 * o_.budget,
                            option("anchor"), option("kind"));
}

std::string AutoRun::sentence_of_other_ways() const {
  const checker::Rate all = asked_again();
  if (all.asked == 0) return {};
  std::string text = fmt::format("; asked in {} other ways, {} of {} show it", again_.size(),
                                 all.right, all.asked);
  std::vector<std::string> back;
  for (const AskedAgain& a : again_)
    if (a.rate.right > 0) back.push_back(fmt::format("{}: \"{}\"", a.way, a.example));
  return back.empty() ? text : fmt::format("{} ({})", text, fmt::join(back, "; "));
}

void AutoRun::write(const Stage& stage, const std::filesystem::path& file) const {
  OptionTexts options = o_.texts();
  options["prompts"] = list(texts_of(found_.learned()));
  options["stage"] = stage.name;
  options["updates"] = std::to_string(stage.updates);
  std::vector<std::string> anchors;
  for (const Decisions& d : found_.decisions())
    anchors.push_back(d.anchor().words.empty() ? "none" : d.anchor().words);
  options["anchor"] = list(anchors);
  options["pull"] = fmt::format("{:.4f}", stage.measured.pull());
  options["drift"] = fmt::format("{:.4f}", stage.measured.drift());
  TensorFile::Metadata metadata = edit_metadata("erase", unet_hash_, model_.name(), options);
  metadata[edit_key::text_hash] = text_hash_;
  write_edit(file, stage.tensors, o_.save_type, metadata);
}

void AutoRun::consider(Stage stage) {
  progress_.event({{"event", "stage"},
                   {"name", stage.name},
                   {"updates", stage.updates},
                   {"pull", stage.measured.pull()},
                   {"drift", stage.measured.drift()},
                   {"worst_pull", stage.measured.worst_pull().value},
                   {"worst_pull_of", stage.measured.worst_pull().text},
                   {"worst_drift", stage.measured.worst_drift().value},
                   {"worst_drift_of", stage.measured.worst_drift().text}});
  progress_.say(fmt::format("{}: {}", stage.name, found_.goal().sentence(stage.measured)));
  // Of two that reach the goal the later one: images have refused the other.
  if (!best_ || found_.goal().missing(stage.measured) <= found_.goal().missing(best_->measured))
    best_ = std::move(stage);
}

bool AutoRun::consider(const std::string& name, std::vector<Trainables::Export> tensors,
                       int64_t updates) {
  Stage stage{fmt::format("{}, {} updates", name, updates), std::move(tensors), {}, updates};
  stage.measured = found_.measured(stage.tensors);
  const bool good = found_.goal().reached(stage.measured);
  consider(std::move(stage));
  return good;
}

AutoRun::Stage AutoRun::closed_form() {
  progress_.restart("closed form", 1);
  // The choice of the anchor has made the first one already, unless there was none.
  std::optional<Stage> best;
  if (auto trial = std::exchange(found_.trial, {}))
    best = {"closed form", std::move(trial->tensors), trial->measured, 0};
  if (best && found_.goal().reached(best->measured)) return std::move(*best);
  const CrossAttention attention = AnchoredUce::matrices_of(model_);
  const AnchoredUce form(model_, attention, found_.learned(), found_.kept(), [&] { go_on(); });
  for (const double scale : std::span(erase_scales).subspan(best ? 1 : 0)) {
    Stage stage{"closed form", form.edited(scale), {}, 0};
    stage.measured = found_.measured(stage.tensors);
    const bool good = found_.goal().reached(stage.measured);
    if (!best || found_.goal().missing(stage.measured) < found_.goal().missing(best->measured))
      best = std::move(stage);
    if (good) break;
  }
  return std::move(*best);
}

// Once: what is learned then is all there is to learn.
void AutoRun::close_other_ways() {
  const std::vector<std::string> back = found_.learn_ways_back(best_->tensors);
  if (back.empty()) return;
  Stage stage = closed_form();
  progress_.say(
      fmt::format("asked {}, it came back; such phrasings were added", fmt::join(back, ", ")));
  const bool lost =
      found_.goal().reached(best_->measured) && !found_.goal().reached(stage.measured);
  progress_.say(fmt::format("{}: {}{}", stage.name, found_.goal().sentence(stage.measured),
                            lost ? "; not taken, as it loses the goal" : ""));
  if (!lost) best_ = std::move(stage);
}

void AutoRun::train_text_encoder() {
  // A round ends with a measurement.
  constexpr int64_t measurement = 40;
  const auto affordable = [&] { return evaluations() + measurement <= o_.budget; };
  if (!affordable()) return;
  progress_.say("training the text encoder towards the anchor's states");
  const auto milestone = [&](std::vector<Trainables::Export> tensors, int64_t done) {
    return !consider("text encoder", std::move(tensors), done) && affordable();
  };
  TextTraining::run(*device_, model_, text_, size_, o_, found_.learned(), found_.kept(),
                    unet_hash_ + text_hash_, phase(), milestone);
}

ProgressCallback AutoRun::phase() {
  return [this](const std::string& name, int64_t done, int64_t total) {
    progress_.restart(name, total);
    progress_.update(done, "");
    return goes_on(observer_);
  };
}

void AutoRun::train(const Stage& from) {
  AutoTraining training(*device_, model_, text_, size_, o_);
  training.learn(found_.learned(), found_.kept());
  const int64_t updates = training.updates_for(o_.budget - evaluations());
  if (updates < AutoTraining::between_measurements) {
    progress_.say(
        fmt::format("the budget of {} UNet evaluations leaves none for training", o_.budget));
    return;
  }
  progress_.say(fmt::format("training the UNet from the closed form, at most {} updates", updates));
  const auto milestone = [&](std::vector<Trainables::Export> tensors, int64_t done) {
    return !consider("trained", std::move(tensors), done);
  };
  extra_evaluations_ +=
      training.run(from.tensors, unet_hash_ + text_hash_, updates, phase(), milestone);
}

}  // namespace lacuna
