// lacuna erase --concept X: decides, erases, measures and says whether it worked.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "erase/closed/cross_attention.h"
#include "erase/closed/uce.h"
#include "erase/concept/decisions.h"
#include "erase/concept/pull.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"
#include "jobs/draw/edits.h"
#include "jobs/erase/erase_output.h"
#include "jobs/erase/verbs.h"
#include "jobs/interrupt.h"
#include "jobs/model_options.h"
#include "jobs/progress.h"
#include "jobs/prompts.h"

namespace lacuna {
namespace {

class EraseAuto : public EraseVerb {
 public:
  EraseAuto()
      : EraseVerb("erase", "Erase a concept: find what to do, do it, and measure whether it worked") {
    Fields& f = fields;
    f.group(group::what);
    f.add("concept", concepts_, "TEXT", "What to erase; may be given several times");
    f.add("kind", kind_, words(ConceptKind{}), "What the concept is in an image").usually("guessed");
    f.add("anchor", anchor_, "TEXT", "What takes its place; none: nothing").usually("chosen");
    f.group(group::keep);
    f.add("retain", retain_file_, "FILE", "Further texts that must stay, one a line");
    f.add("show-neighbours", show_, "Print what was found and stop");
    f.group(group::strength);
    f.add("until", until_, "X", "The pull at which the concept counts as gone")
        .range(0, 1, "0.05 is usual");
    f.add("lambda", uce_.lambda, "X", "lambda");
    f.add("preserve-scale", uce_.preserve_scale, "X", "scale");
    f.add("erase-scale", uce_.erase_scale, "X", "scale");
    f.add("seed", seed_, "N", "Seed of everything random");
    f.group(group::output);
    f.add("out", out_, "FILE", "The file of the edit");
    f.add("force", force_, "Replace an edit that exists");
    f.add("json", json_, "Report events as JSON, one object a line");
    common_.describe(f);
  }

  void run() override;

 private:
  std::vector<std::string> concepts_;
  std::optional<ConceptKind> kind_;
  std::string anchor_, retain_file_, out_ = "edit.safetensors";
  bool show_ = false, force_ = false, json_ = false;
  double until_ = 0.05;
  uint64_t seed_ = 0;
  ModelOptions common_;
  UceOptions uce_;
};

void EraseAuto::run() {
  const double cpu_begin = cpu_seconds();
  const auto device = common_.open_device();
  StableDiffusion model(*device, common_.model_path(), parse_precision(common_.precision));
  TextCache text(model.text_predictor());
  const LatentSize size = model.latent_size(model.default_size(), model.default_size());
  const Lexicon lexicon = Lexicon::load();
  Progress progress("erasing", 1, json_, observer);
  const auto cpu = [&] { return cpu_seconds() - cpu_begin; };
  const std::function<void()> go_on = [&] {
    if (interrupted() || (observer && !observer->go_on())) throw Interrupted{};
  };

  std::vector<Phrasing> learned;
  std::vector<std::string> kept;
  std::vector<Decisions> all;
  for (const std::string& c : concepts_) {
    ConceptQuestion q{.concept_ = c, .all = concepts_, .kind = kind_, .seed = seed_};
    if (!anchor_.empty()) q.anchor = anchor_ == "none" ? "" : anchor_;
    Decisions d = decide(model, text, size, lexicon, q, go_on);
    progress.say(fmt::format("\"{}\": {} ({})", d.words, word_of(d.kind), d.kind_reason));
    std::vector<std::string> names;
    for (const auto& n : d.neighbours) names.push_back(n.words);
    progress.say(fmt::format("neighbours: {}", fmt::join(names, ", ")));
    progress.say(fmt::format("synonyms: {}", fmt::join(d.synonyms, ", ")));
    progress.say(fmt::format("anchor: {} ({}); implied {}", d.anchor, d.anchor_reason, d.implied));
    progress.say(fmt::format("{} learned, {} kept, strength {:.3f}", d.learned.size(), d.kept.size(), d.strength));
    if (show_) {
      for (const auto& p : d.learned) progress.say("  L " + p.text() + " -> " + p.anchor());
      for (const auto& p : d.measured) progress.say("  M " + p.text() + " -> " + p.anchor());
      for (const auto& p : d.kept) progress.say("  K " + p);
      for (const auto& p : d.kept_measured) progress.say("  k " + p);
    }
    learned.insert(learned.end(), d.learned.begin(), d.learned.end());
    kept.insert(kept.end(), d.kept.begin(), d.kept.end());
    all.push_back(std::move(d));
  }
  progress.say(fmt::format("decided: {:.1f} CPU s", cpu()));
  if (show_) return;
  kept.push_back("");

  PullAndDrift measure(model, text, size);
  for (const Decisions& d : all) {
    std::vector<std::string> texts;
    for (const Phrasing& p : d.measured) texts.push_back(p.text());
    for (const std::string& k : d.kept_measured) texts.push_back(k);
    constexpr int at[] = {0, 2};
    auto places = places_towards(model, text, texts, seeds_of(mix(seed_, 7), texts.size()), size, 10, 5, at, go_on);
    for (size_t i = 0; i < d.measured.size(); i++)
      measure.add_concept(std::move(places[i]), texts[i], d.measured[i].anchor());
    for (size_t i = d.measured.size(); i < texts.size(); i++)
      measure.add_kept(std::move(places[i]), texts[i]);
  }
  progress.say(fmt::format("places: {:.1f} CPU s", cpu()));

  const ConceptStates states = concept_states(model.text_encoder(), learned, kept, Tokens::all, [&](size_t, size_t) { go_on(); });
  const CrossAttention attention = CrossAttention::read(model.unet_weights().file(), "kv", model.text_encoder().width());
  progress.say(fmt::format("states: {:.1f} CPU s", cpu()));
  Uce uce(uce_);
  uce.prepare(states, attention.matrices);
  check_edit_output(out_, force_);
  OptionTexts options = uce.options();
  options["concept"] = list(concepts_);
  write_edit(out_, edited(uce, attention), FileDType::f16,
             edit_metadata("uce", fingerprint(model.unet_weights().file()), model.name(), options));
  const std::vector<Edit> edits = {Edit::open(out_)};
  EditedModel edited_model(model, edits, false);
  const Progressed p = measure.of(edited_model.predictor(), edited_model.text());
  progress.say(fmt::format("pull {:.3f} (worst {:.3f} '{}'), drift {:.4f} (worst {:.4f} '{}')  {:.1f} CPU s", p.pull(),
                           p.worst_pull().value, p.worst_pull().text, p.drift(), p.worst_drift().value,
                           p.worst_drift().text, cpu()));
  if (getenv("LACUNA_DEBUG")) {
    for (const auto& t : p.pulls) fmt::print(stderr, "  pull {:.3f} {}\n", t.value, t.text);
    for (const auto& t : p.drifts) fmt::print(stderr, "  drift {:.4f} {}\n", t.value, t.text);
  }
}

}  // namespace

std::unique_ptr<EraseVerb> auto_verb() { return std::make_unique<EraseAuto>(); }

}  // namespace lacuna
