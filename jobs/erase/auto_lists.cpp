#include "jobs/erase/auto_lists.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"
#include "jobs/observer.h"

namespace lacuna {
namespace {

// Iterations.
constexpr int64_t between_measurements = 25;

}  // namespace

std::span<const Word> words(AutoMode) {
  static constexpr Word all[] = {{"lists", AutoMode::lists}, {"none", AutoMode::none}};
  return all;
}

void AutoLists::describe(Fields& f, const std::string& own) {
  f.group(group::what);
  f.add("auto", mode,
        "lists: if you give no lists of your own (" + own +
            "), find phrasings, an anchor and texts that stay, and measure the edit. none: use "
            "what you give and nothing else");
  f.add("kind", kind, words(ConceptKind{}),
        "What the concept is in an image, for the lists that are found")
      .usually("guessed");
}

bool AutoLists::wanted(const Fields& fields, std::initializer_list<const char*> own,
                       bool compat) const {
  const bool asked = fields["auto"].given() == Given::by_user;
  const char* given = nullptr;
  for (const char* name : own)
    if (fields[name].given() == Given::by_user) given = name;
  const bool on = mode == AutoMode::lists && !given && !compat;
  if (on || (!asked && !kind)) return on;
  if (mode == AutoMode::lists && asked)
    throw InputError(
        "[erase] {} lists finds all lists, which does not go with {}; leave out one "
        "of the two",
        option("auto"), option(compat ? "compat" : given));
  if (kind)
    throw InputError("[erase] {} belongs to lists that are found, and none are here; leave it out",
                     option("kind"));
  return false;
}

void AutoLists::find(const Where& w, const std::vector<std::string>& concepts,
                     const std::vector<std::string>& anchors, uint64_t seed) {
  method_ = w.method;
  progress_ = &w.progress;
  findings_.emplace(w.model, w.text, w.size, Goal{}, w.progress, w.folder, w.save_type,
                    [observer = w.observer] {
                      if (!goes_on(observer)) throw Interrupted{};
                    });
  std::vector<ConceptQuestion> questions;
  for (size_t i = 0; i < concepts.size(); i++) {
    ConceptQuestion q{.concept_ = concepts[i], .all = concepts, .kind = kind, .seed = seed};
    if (!anchors.empty()) {
      const std::string& a = anchors[anchors.size() == 1 ? 0 : i];
      q.anchor = a == "none" ? "" : a;
    }
    questions.push_back(std::move(q));
  }
  findings_->find(questions);
  progress_->finish();
  w.model.predictor().release();
  learned_ = findings_->learned();
  kept_ = findings_->kept();
}

void AutoLists::find(const char* method, TrainingRun& run, const TrainingOptions& o,
                     const std::vector<std::string>& concepts,
                     const std::vector<std::string>& anchors, uint64_t seed) {
  plan_only_ = o.plan_only;
  if (!plan_only_)
    return find({.method = method,
                 .model = run.model(),
                 .text = run.text(),
                 .size = run.size(),
                 .progress = run.progress(),
                 .folder = run.folder(),
                 .save_type = o.save_type,
                 .observer = o.observer},
                concepts, anchors, seed);
  for (const std::string& c : concepts) learned_.push_back({"", c, "", ""});
  kept_ = {""};
}

void AutoLists::set_rate(const Fields& fields, TrainingRun& run, TrainingOptions& o,
                         Trainables& trainables, double relative_change) const {
  if (plan_only_ || fields.given("lr")) return;
  o.train.learning_rate = relative_change * trainables.rms();
  run.set_learning_rate(o.train.learning_rate);
}

bool AutoLists::begin_from_closed_form(TrainingTask& task, TrainingRun& run, int64_t rank) {
  if (plan_only_ || rank > 0) return false;
  std::set<std::string> trained;
  for (const Trainables::Export& t : task.trainables.exported()) trained.insert(t.name);
  const std::vector<Trainables::Export> begin = findings_->closed_form();
  if (!std::ranges::all_of(begin,
                           [&](const Trainables::Export& t) { return trained.contains(t.name); }))
    return false;
  task.trainables.begin_from(begin);
  task.notes.push_back("training begins from the closed form, as `lacuna erase uce` computes it");
  task.about["begin"] = "closed form";
  run.progress().finish();
  return true;
}

void AutoLists::watch(TrainingTask& task, TrainingRun& run) {
  if (plan_only_) return;
  task.milestone_every = between_measurements;
  task.at_milestone = [this, &task, &run](int64_t iterations, RunFolder& folder) {
    const Progressed p = findings_->measured(task.trainables.exported());
    folder.log({{"event", "measured"},
                {"iteration", iterations},
                {"pull", p.pull()},
                {"drift", p.drift()}});
    run.progress().say(
        fmt::format("after {} iterations: {}", iterations, findings_->goal().sentence(p)));
    return !findings_->goal().reached(p);
  };
}

std::vector<std::string> AutoLists::anchors() const {
  std::vector<std::string> words;
  for (const Decisions& d : findings_->decisions()) words.push_back(d.anchor().words);
  return words;
}

void AutoLists::conclude(TrainingRun& run, const std::string& advice) {
  if (plan_only_) return;
  conclude(findings_->measured(run.edit()), advice);
}

void AutoLists::conclude(const Progressed& p, const std::string& advice) {
  const Goal& goal = findings_->goal();
  findings_->clean();
  const bool gone = p.pull() <= goal.until, kept = p.drift() <= goal.drift;
  const std::string text = fmt::format(
      "{} {}, {}: {}", findings_->concepts_are(),
      gone ? "gone as far as the prediction tells" : "not gone",
      kept ? "and the neighbours stay" : "but the neighbours do not stay", goal.sentence(p));
  progress_->finish();
  progress_->event({{"event", "measured"},
                    {"gone", gone && kept},
                    {"pull", p.pull()},
                    {"drift", p.drift()},
                    {"worst_pull_of", p.worst_pull().text},
                    {"worst_drift_of", p.worst_drift().text},
                    {"sentence", text}});
  if (!gone || !kept) throw GoalMissed("[{}] {}; try {}", method_, text, advice);
  progress_->say(text);
}

}  // namespace lacuna
