#include "jobs/erase/auto_run.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options/fields.h"
#include "base/text.h"
#include "erase/concept/ways.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/phrasing.h"
#include "jobs/erase/anchored_uce.h"
#include "jobs/erase/auto_training.h"
#include "jobs/erase/decision_report.h"
#include "jobs/erase/erase_output.h"
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
      pull_(model_, size_) {
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
      "concept, 150 to measure, none for the closed form, the rest for training if that misses",
      o_.budget));
  AutoTraining(*device_, model_, text_, size_, o_).plan(o_.json);
}

void AutoRun::run() {
  make_folder(o_.run_folder());
  const Lexicon lexicon = Lexicon::load();
  std::vector<std::string> retained;
  add_prompts(retained, o_.retain_file);
  for (size_t i = 0; i < o_.concepts.size(); i++) {
    progress_.restart("deciding", static_cast<int64_t>(o_.concepts.size()));
    progress_.update(static_cast<int64_t>(i), o_.concepts[i]);
    const ConceptQuestion question{.concept_ = o_.concepts[i],
                                   .all = o_.concepts,
                                   .kind = o_.kind,
                                   .anchor = o_.anchor_of(i),
                                   .retained = retained,
                                   .seed = o_.seed};
    decisions_.push_back(decide(model_, text_, size_, lexicon, question, [&] { go_on(); }));
    choose_anchor(decisions_.back());
    say(progress_, decisions_.back());
    if (o_.show_neighbours) say_sentences(progress_, decisions_.back());
  }
  gather();
  if (o_.show_neighbours) return progress_.finish();
  consider(closed_form());
  close_other_ways();
  // Pull is a mean over phrasings, some of them odd: what is nearly there may be gone in images.
  if (reached(*best_) || missing(best_->measured) <= nearly) judge();
  // The images decide: what they show is what the user gets.
  if (!succeeded()) {
    const int64_t updates = best_->updates;
    train(*best_);
    if (!verdict_.judged() || best_->updates != updates) judge();
  }
  progress_.finish();
  write(*best_, o_.out);
  std::error_code ignored;
  std::filesystem::remove(measured_file(), ignored);
}

// With the edited model of a file: rounding included, as it will be used.
template <typename Use>
void AutoRun::with_edited(const Stage& stage, const Use& use) {
  const std::filesystem::path file = measured_file();
  write(stage, file);
  const std::vector<Edit> edits = {Edit::open(file)};
  EditedModel edited(model_, edits, false);
  use(edited);
  extra_evaluations_ += edited.predictor().evaluations();
}

void AutoRun::judge() {
  progress_.finish();
  with_edited(*best_, [&](EditedModel& edited) {
    verdict_ = judge_images(model_, edited, decisions_, size_, o_.images, o_.seed, progress_);
  });
  with_edited(*best_, [&](EditedModel& edited) {
    again_ = ask_another_way(model_, edited, decisions_, size_, o_.other_ways, o_.seed, progress_);
  });
  progress_.finish();
  if (o_.images > 0) write_file(sheet_file(), encode_png(verdict_.sheet), Overwrite::yes);
}

bool AutoRun::succeeded() const {
  if (!verdict_.judged() || !verdict_.drawable()) return reached(*best_);
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
  std::vector<std::string> concepts;
  for (const Decisions& d : decisions_) concepts.push_back(fmt::format("\"{}\"", d.words));
  const Progressed& p = best_->measured;
  const std::string be = concepts.size() > 1 ? "are" : "is";
  std::string text = fmt::format("{}", fmt::join(concepts, ", "));
  if (verdict_.judged() && verdict_.drawable())
    text += fmt::format(" {} {}: {} of {} images that ask for it show it (before: {})", be,
                        verdict_.gone() ? "gone" : "not gone", verdict_.after.right,
                        verdict_.after.asked, verdict_.before.right);
  else
    text += fmt::format(" {} {}: {:.1f} % of the pull on the prediction is left (goal {:g} %)", be,
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

// What all concepts need together.
void AutoRun::gather() {
  std::set<std::string> known;
  for (const Decisions& d : decisions_) {
    const std::vector<Phrasing>& learned = d.anchor().learned;
    learned_.insert(learned_.end(), learned.begin(), learned.end());
    for (const std::string& k : d.kept)
      if (known.insert(k).second) kept_.push_back(k);
  }
  write_decisions(o_.run_folder() / "decisions.json", decisions_);
}

// The first anchor whose closed form reaches the goal, else the one whose closed form comes
// nearest. Its measure is the concept's from then on.
void AutoRun::choose_anchor(Decisions& d) {
  Effects effects(model_, text_, size_, d.places);
  std::vector<std::string> tried;
  struct Best {
    size_t anchor;
    Stage stage;
    PullAndDrift measure;
  };
  std::optional<Best> best;
  for (size_t i = 0; i < d.anchors.size(); i++) {
    PullAndDrift measure = measure_of(effects, d, d.anchors[i]);
    // Nothing to choose from.
    if (d.anchors.size() == 1) return pull_.add(std::move(measure));
    AnchoredUce form(model_, d.anchors[i].learned, d.kept, [&] { go_on(); });
    Stage stage{"closed form", form.edited(erase_scales[0]), {}, 0};
    stage.measured = measured(stage.tensors, measure);
    tried.push_back(fmt::format("{} {:.3f}", d.anchors[i].words, stage.measured.pull()));
    progress_.event({{"event", "anchor"},
                     {"concept", d.words},
                     {"anchor", d.anchors[i].words},
                     {"pull", stage.measured.pull()},
                     {"drift", stage.measured.drift()}});
    const bool good = reached(stage);
    if (!best || missing(stage.measured) < missing(best->stage.measured))
      best = Best{i, std::move(stage), std::move(measure)};
    if (good) break;
  }
  const auto chosen = d.anchors.begin() + static_cast<std::ptrdiff_t>(best->anchor);
  std::rotate(d.anchors.begin(), chosen, chosen + 1);
  if (tried.size() > 1)
    d.anchors.front().reason = fmt::format(
        "of those tried, it leaves least of the pull or moves the neighbours least ({})",
        fmt::join(tried, ", "));
  pull_.add(std::move(best->measure));
  if (o_.concepts.size() == 1) tried_ = std::move(best->stage);
}

PullAndDrift AutoRun::measure_of(Effects& effects, const Decisions& d, const Anchor& anchor) {
  go_on();
  std::vector<std::string> texts = d.kept_measured;
  texts.push_back("");
  for (const Phrasing& p : anchor.measured) texts.insert(texts.end(), {p.text(), p.anchor()});
  effects.compute(texts);
  PullAndDrift measure(model_, size_);
  for (const Phrasing& p : anchor.measured) measure.add_concept(effects, p.text(), p.anchor());
  for (const std::string& k : d.kept_measured) measure.add_kept(effects, k);
  return measure;
}

void AutoRun::write(const Stage& stage, const std::filesystem::path& file) const {
  OptionTexts options = o_.texts();
  options["prompts"] = list([&] {
    std::vector<std::string> texts;
    for (const Phrasing& p : learned_) texts.push_back(p.text());
    return texts;
  }());
  options["stage"] = stage.name;
  options["updates"] = std::to_string(stage.updates);
  std::vector<std::string> anchors;
  for (const Decisions& d : decisions_)
    anchors.push_back(d.anchor().words.empty() ? "none" : d.anchor().words);
  options["anchor"] = list(anchors);
  options["pull"] = fmt::format("{:.4f}", stage.measured.pull());
  options["drift"] = fmt::format("{:.4f}", stage.measured.drift());
  TensorFile::Metadata metadata = edit_metadata("erase", unet_hash_, model_.name(), options);
  metadata[edit_key::text_hash] = text_hash_;
  write_edit(file, stage.tensors, o_.save_type, metadata);
}

Progressed AutoRun::measured(const std::vector<Trainables::Export>& tensors,
                             const PullAndDrift& measure) {
  go_on();
  Progressed p;
  with_edited({"measured", tensors, {}, 0},
              [&](EditedModel& edited) { p = measure.of(edited.predictor(), edited.text()); });
  return p;
}

bool AutoRun::reached(const Stage& s) const {
  return s.measured.pull() <= o_.until && s.measured.drift() <= o_.drift;
}

// How far from the goal: 0 when it is reached.
double AutoRun::missing(const Progressed& p) const {
  const auto beyond = [](double value, double goal) {
    return std::max(0.0, value - goal) / std::max(goal, 1e-3);
  };
  return beyond(p.pull(), o_.until) + beyond(p.drift(), o_.drift);
}

std::string AutoRun::sentence(const Progressed& p) const {
  return fmt::format("pull {:.3f} (goal {:g}), drift of the neighbours {:.3f} (goal {:g})",
                     p.pull(), o_.until, p.drift(), o_.drift);
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
  progress_.say(fmt::format("{}: {}", stage.name, sentence(stage.measured)));
  if (!best_ || missing(stage.measured) < missing(best_->measured)) best_ = std::move(stage);
}

AutoRun::Stage AutoRun::closed_form() {
  progress_.restart("closed form", 1);
  AnchoredUce form(model_, learned_, kept_, [&] { go_on(); });
  // The choice of the anchor has made the first one already, unless there was none.
  std::optional<Stage> best = std::exchange(tried_, {});
  if (best && reached(*best)) return std::move(*best);
  for (const double scale : std::span(erase_scales).subspan(best ? 1 : 0)) {
    Stage stage{"closed form", form.edited(scale), {}, 0};
    stage.measured = measured(stage.tensors, pull_);
    const bool good = reached(stage);
    if (!best || missing(stage.measured) < missing(best->measured)) best = std::move(stage);
    if (good) break;
  }
  return std::move(*best);
}

// Kinds of prompts that bring the concept back enter the phrasings that are learned from; what is
// measured with shares neither frames nor words with them. Once, as what is learned then is all
// there is to learn.
void AutoRun::close_other_ways() {
  constexpr size_t measured_with = 2, learned_from = 16;
  // Below this share of the concept's pull the original takes a text for something else, as it does
  // most misspellings.
  constexpr double asks_for_it = 0.5;
  struct Asked {
    size_t decision;
    Way way;
    size_t begin, end;
  };
  std::vector<Asked> all;
  PullAndDrift measure(model_, size_);
  size_t count = 0;
  for (size_t i = 0; i < decisions_.size(); i++) {
    const Decisions& d = decisions_[i];
    Effects effects(model_, text_, size_, d.places);
    std::vector<std::vector<AskedPhrasing>> of_ways;
    std::vector<std::string> texts;
    for (const Way way : all_ways()) {
      of_ways.push_back(asked(way, Use::measure, d, others_of(decisions_, i), 0, measured_with));
      for (const AskedPhrasing& p : of_ways.back())
        texts.insert(texts.end(), {p.phrasing.text(), p.spelled, p.phrasing.anchor()});
    }
    effects.compute(texts);
    for (size_t w = 0; w < of_ways.size(); w++) {
      const size_t begin = count;
      for (const AskedPhrasing& p : of_ways[w]) {
        const std::string text = p.phrasing.text(), anchor = p.phrasing.anchor();
        if (PullAndDrift::pull_of(effects, text, p.spelled, anchor) < asks_for_it) continue;
        measure.add_concept(effects, p.spelled, anchor, text);
        count++;
      }
      all.push_back({i, all_ways()[w], begin, count});
    }
  }
  const Progressed p = measured(best_->tensors, measure);
  std::vector<std::string> entered;
  for (const Asked& a : all) {
    double pull = 0;
    for (size_t i = a.begin; i < a.end; i++) pull = std::max(pull, p.pulls[i].value);
    const bool enters = pull > 2 * o_.until;
    progress_.event({{"event", "way"},
                     {"concept", decisions_[a.decision].words},
                     {"way", word_of(a.way)},
                     {"pull", pull},
                     {"enters", enters}});
    if (!enters) continue;
    entered.emplace_back(word_of(a.way));
    for (AskedPhrasing& more : asked(a.way, Use::learn, decisions_[a.decision],
                                     others_of(decisions_, a.decision), 0, learned_from))
      learned_.push_back(std::move(more.phrasing));
  }
  if (entered.empty()) return;
  Stage stage = closed_form();
  progress_.say(
      fmt::format("asked {}, it came back; such phrasings were added", fmt::join(entered, ", ")));
  const bool lost = reached(*best_) && !reached(stage);
  progress_.say(fmt::format("{}: {}{}", stage.name, sentence(stage.measured),
                            lost ? "; not taken, as it loses the goal" : ""));
  if (!lost) best_ = std::move(stage);
}

void AutoRun::train(const Stage& from) {
  AutoTraining training(*device_, model_, text_, size_, o_);
  training.learn(learned_, kept_);
  const int64_t updates = training.updates_for(o_.budget - evaluations());
  if (updates < AutoTraining::between_measurements) {
    progress_.say(
        fmt::format("the budget of {} UNet evaluations leaves none for training", o_.budget));
    return;
  }
  progress_.say(fmt::format("training from it, at most {} updates", updates));
  const auto phase = [&](const std::string& name, int64_t done, int64_t total) {
    progress_.restart(name, total);
    progress_.update(done, "");
    return goes_on(observer_);
  };
  const auto milestone = [&](std::vector<Trainables::Export> tensors, int64_t done) {
    Stage stage{fmt::format("trained, {} updates", done), std::move(tensors), {}, done};
    stage.measured = measured(stage.tensors, pull_);
    const bool good = reached(stage);
    consider(std::move(stage));
    return !good;
  };
  extra_evaluations_ +=
      training.run(from.tensors, unet_hash_ + text_hash_, updates, phase, milestone);
}

}  // namespace lacuna
