#include "jobs/erase/findings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "erase/concept/ways.h"
#include "jobs/erase/anchored_uce.h"
#include "jobs/erase/decision_report.h"
#include "jobs/erase/erase_output.h"

namespace lacuna {

double Goal::missing(const Progressed& p) const {
  const auto beyond = [](double value, double most) {
    return std::max(0.0, value - most) / std::max(most, 1e-3);
  };
  return beyond(p.pull(), until) + beyond(p.drift(), drift);
}

std::string Goal::sentence(const Progressed& p) const {
  return fmt::format("pull {:.3f} (goal {:g}), drift of the neighbours {:.3f} (goal {:g})",
                     p.pull(), until, p.drift(), drift);
}

Findings::Findings(StableDiffusion& model, TextCache& text, LatentSize size, Goal goal,
                   Progress& progress, std::filesystem::path folder, FileDType save_type,
                   std::function<void()> go_on)
    : model_(model),
      text_(text),
      size_(size),
      goal_(goal),
      progress_(progress),
      folder_(std::move(folder)),
      save_type_(save_type),
      go_on_(std::move(go_on)),
      pull_(model, size) {}

void Findings::find(const std::vector<ConceptQuestion>& questions, bool all) {
  make_folder(folder_);
  const Lexicon lexicon = Lexicon::load();
  for (size_t i = 0; i < questions.size(); i++) {
    progress_.restart("deciding", static_cast<int64_t>(questions.size()));
    progress_.update(static_cast<int64_t>(i), questions[i].concept_);
    decisions_.push_back(decide(model_, text_, size_, lexicon, questions[i], go_on_));
    choose_anchor(decisions_.back(), questions.size() == 1);
    say(progress_, decisions_.back());
    if (all) say_sentences(progress_, decisions_.back());
  }
  std::set<std::string> known;
  for (const Decisions& d : decisions_) {
    const std::vector<Phrasing>& learned = d.anchor().learned;
    learned_.insert(learned_.end(), learned.begin(), learned.end());
    for (const std::string& k : d.kept)
      if (known.insert(k).second) kept_.push_back(k);
  }
  write_decisions(folder_ / "decisions.json", decisions_);
}

// The first anchor whose closed form reaches the goal, else the one whose closed form comes
// nearest. Its measure is the concept's from then on.
void Findings::choose_anchor(Decisions& d, bool only) {
  Effects effects(model_, text_, size_, d.places);
  std::vector<std::string> tried;
  struct Best {
    size_t anchor;
    Trial trial;
    PullAndDrift measure;
  };
  std::optional<Best> best;
  // Nothing to choose from.
  if (d.anchors.size() == 1) return pull_.add(measure_of(effects, d, d.anchor()));
  const CrossAttention attention = AnchoredUce::matrices_of(model_);
  for (size_t i = 0; i < d.anchors.size(); i++) {
    PullAndDrift measure = measure_of(effects, d, d.anchors[i]);
    const AnchoredUce form(model_, attention, d.anchors[i].learned, d.kept, go_on_);
    Trial now{form.edited(1), {}};
    now.measured = measured(now.tensors, measure);
    tried.push_back(fmt::format("{} {:.3f}", d.anchors[i].words, now.measured.pull()));
    progress_.event({{"event", "anchor"},
                     {"concept", d.words},
                     {"anchor", d.anchors[i].words},
                     {"pull", now.measured.pull()},
                     {"drift", now.measured.drift()}});
    const bool good = goal_.reached(now.measured);
    if (!best || goal_.missing(now.measured) < goal_.missing(best->trial.measured))
      best = Best{i, std::move(now), std::move(measure)};
    if (good) break;
  }
  const auto chosen = d.anchors.begin() + static_cast<std::ptrdiff_t>(best->anchor);
  std::rotate(d.anchors.begin(), chosen, chosen + 1);
  if (tried.size() > 1)
    d.anchors.front().reason = fmt::format(
        "of those tried, it leaves least of the pull or moves the neighbours least ({})",
        fmt::join(tried, ", "));
  pull_.add(std::move(best->measure));
  if (only) trial = std::move(best->trial);
}

std::vector<std::string> Findings::learn_ways_back(const std::vector<Trainables::Export>& tensors) {
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
    go_on_();
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
  const Progressed p = measured(tensors, measure);
  std::vector<std::string> back;
  for (const Asked& a : all) {
    double pull = 0;
    for (size_t i = a.begin; i < a.end; i++) pull = std::max(pull, p.pulls[i].value);
    const bool enters = pull > 2 * goal_.until;
    progress_.event({{"event", "way"},
                     {"concept", decisions_[a.decision].words},
                     {"way", word_of(a.way)},
                     {"pull", pull},
                     {"enters", enters}});
    if (!enters) continue;
    if (std::ranges::find(back, word_of(a.way)) == back.end()) back.emplace_back(word_of(a.way));
    for (AskedPhrasing& more : asked(a.way, Use::learn, decisions_[a.decision],
                                     others_of(decisions_, a.decision), 0, learned_from))
      learned_.push_back(std::move(more.phrasing));
  }
  return back;
}

PullAndDrift Findings::measure_of(Effects& effects, const Decisions& d,
                                  const ConceptAnchor& anchor) {
  go_on_();
  std::vector<std::string> texts = d.kept_measured;
  texts.push_back("");
  for (const Phrasing& p : anchor.measured) texts.insert(texts.end(), {p.text(), p.anchor()});
  effects.compute(texts);
  PullAndDrift measure(model_, size_);
  for (const Phrasing& p : anchor.measured) measure.add_concept(effects, p.text(), p.anchor());
  for (const std::string& k : d.kept_measured) measure.add_kept(effects, k);
  return measure;
}

std::string Findings::concepts_are() const {
  std::vector<std::string> words;
  for (const Decisions& d : decisions_) words.push_back(fmt::format("\"{}\"", d.words));
  return fmt::format("{} {}", fmt::join(words, ", "), words.size() > 1 ? "are" : "is");
}

std::vector<Trainables::Export> Findings::closed_form() {
  if (trial) return trial->tensors;
  const CrossAttention attention = AnchoredUce::matrices_of(model_);
  return AnchoredUce(model_, attention, learned_, kept_, go_on_).edited(1);
}

Progressed Findings::measured(const std::vector<Trainables::Export>& tensors) {
  return measured(tensors, pull_);
}

Progressed Findings::measured(const std::filesystem::path& edit) {
  go_on_();
  Progressed p;
  with_edit(edit, [&](EditedModel& e) { p = pull_.of(e.predictor(), e.text()); });
  return p;
}

Progressed Findings::measured(const std::vector<Trainables::Export>& tensors,
                              const PullAndDrift& by) {
  go_on_();
  Progressed p;
  with_edited(tensors, [&](EditedModel& e) { p = by.of(e.predictor(), e.text()); });
  return p;
}

void Findings::with_edited(const std::vector<Trainables::Export>& tensors,
                           const std::function<void(EditedModel&)>& use) {
  write_edit(measured_file(), tensors, save_type_, {});
  with_edit(measured_file(), use);
}

void Findings::with_edit(const std::filesystem::path& file,
                         const std::function<void(EditedModel&)>& use) {
  const std::vector<Edit> edits = {Edit::open(file)};
  EditedModel edited(model_, edits, false);
  const int64_t before = edited.predictor().evaluations();
  use(edited);
  evaluations_ += edited.predictor().evaluations() - before;
}

void Findings::clean() const {
  std::error_code ignored;
  std::filesystem::remove(measured_file(), ignored);
}

}  // namespace lacuna
