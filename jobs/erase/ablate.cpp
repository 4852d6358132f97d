#include "erase/methods/ablate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "erase/groups.h"
#include "jobs/erase/auto_lists.h"
#include "jobs/erase/esd_training.h"
#include "jobs/erase/training_run.h"
#include "jobs/erase/verbs.h"
#include "jobs/model_defaults.h"
#include "jobs/prompts.h"
#include "pictures/resize.h"

namespace lacuna {
namespace {

// Learning rates are what the published presets come to on their two GPUs.
struct Defaults {
  double learning_rate;
  int64_t iterations, batch;
  const char* params;
};
Defaults defaults_of(ConceptType type) {
  if (type == ConceptType::memorization) return {2e-6, 400, 2, "full"};
  return {1.6e-5, 100, 4, "cross-attn"};
}

// A table with the columns anchor and target; lines of one anchor become one pair.
std::vector<CaptionPair> read_pairs(const std::string& file) {
  const auto rows = parse_csv(read_prompt_text(file), file);
  const auto column = [&](const char* name) {
    for (size_t i = 0; !rows.empty() && i < rows[0].size(); i++)
      if (rows[0][i] == name) return i;
    throw InputError(
        "[ablate] {} has no column named \"{}\" in its first row; begin it with anchor,target",
        file, name);
  };
  const size_t anchor = column("anchor"), target = column("target");
  std::vector<CaptionPair> pairs;
  for (size_t r = 1; r < rows.size(); r++) {
    if (rows[r].size() != rows[0].size() || rows[r][anchor].empty() || rows[r][target].empty())
      throw InputError("[ablate] {}: row {} lacks an anchor or a target; quote texts with commas",
                       file, r + 1);
    const auto known = std::find_if(pairs.begin(), pairs.end(), [&](const CaptionPair& p) {
      return p.anchor == rows[r][anchor];
    });
    if (known == pairs.end())
      pairs.push_back({rows[r][anchor], {rows[r][target]}});
    else
      known->targets.push_back(rows[r][target]);
  }
  if (pairs.empty()) throw InputError("[ablate] {} holds no pair", file);
  check_pairs(pairs);
  return pairs;
}

class EraseAblate : public EraseVerb {
 public:
  EraseAblate();
  void run() override;

 private:
  void resolve_captions();
  void resolve();
  bool finds_lists() const;
  void resolve_found();
  void find(TrainingRun& run);
  std::vector<int32_t> target_tokens(const Tokenizer& tokenizer) const;
  bool embedding() const { return run_.params == "embedding"; }
  void train(TrainingRun& run, Trainables& trainables, const std::string& model_says);

  TrainingOptions run_;
  AblateOptions ablate_;
  CaptionOptions captions_;
  AutoLists lists_;
  bool found_ = false;
  std::string cache_, anchors_file_, pairs_file_, retain_file_, memorized_;
};

EraseAblate::EraseAblate()
    : EraseVerb("ablate",
                "Concept Ablation: draw an anchor concept wherever the concept is asked for") {
  Fields& f = fields;
  ablate_.anchors.generate = {.sampler = "ddim", .steps = 25, .guidance = 6};
  run_.train.decoupled = true;
  run_.train.weight_decay = 0.01;
  captions_.describe(f);
  f.add("anchors", anchors_file_, "FILE",
        "Anchor prompts, one a line: what is to be drawn instead (objects have some of their own)");
  f.add("pairs", pairs_file_, "FILE", "A table (.csv) with the columns anchor and target");
  lists_.describe(f, "--anchors, --template, --pairs or --retain");
  f["type"].usually("style; if lists are found, what suits the concept");
  ablate_.describe(f);
  f.group(group::keep);
  f.add("retain", retain_file_, "FILE", "Prompts that must stay as they are, one a line");
  f.lead("retain");
  f.group(group::examples);
  f.add("memorized", memorized_, "IMAGE",
        "The memorised picture: anchor pictures that are copies of it are left out");
  f.add("cache", cache_, "DIR", "Folder of anchor pictures and trajectories")
      .usually("in the run's folder");
  f.group(group::weights);
  f.add("params", run_.params, "SET|PATTERN",
        "What to train: cross-attn (keys and values), attn, embedding (the concept's words), full "
        "or a pattern, see `lacuna layers`")
      .usually("cross-attn; memorization: full");
  run_.describe(f);
  f["iterations"].usually("100; memorization: 400; if lists are found, 150 at most");
  f["lr"].usually("1.6e-5; memorization: 2e-6; if lists are found, from the weights");
}

void EraseAblate::resolve_captions() {
  CaptionOptions& c = captions_;
  if (!pairs_file_.empty()) {
    if (!c.concepts.empty() || !anchors_file_.empty())
      throw InputError("[ablate] {} says all captions; leave {} and {} out", option("pairs"),
                       option("concept"), option("anchors"));
    ablate_.pairs = read_pairs(pairs_file_);
    for (const CaptionPair& p : ablate_.pairs)
      for (const std::string& t : p.targets)
        if (std::find(c.concepts.begin(), c.concepts.end(), t) == c.concepts.end())
          c.concepts.push_back(t);
  } else {
    if (c.type == ConceptType::pairs)
      throw InputError("[ablate] {} pairs needs the captions; name a table with {}", option("type"),
                       option("pairs"));
    split_published(c);
    c.prompts = prompts_of(anchors_file_);
    if (c.prompts.empty() && c.type == ConceptType::object && !c.anchor.empty())
      c.prompts = object_prompts(c.anchor);
    if (c.templates.empty()) c.templates = style_templates();
    ablate_.pairs = caption_pairs(c);
  }
  ablate_.concepts = c.concepts;
  for (const CaptionPair& p : ablate_.pairs) ablate_.anchors.prompts.push_back(p.anchor);
}

void EraseAblate::resolve() {
  AblateOptions& a = ablate_;
  const Defaults d = defaults_of(a.type);
  if (run_.params.empty()) run_.params = d.params;
  if (a.compat == AblateCompat::compvis) fields["prior-weight"].suppose(a.prior_weight, 0.2);
  // Published: objects are augmented, unless the model's own defaults say otherwise.
  if (a.type == ConceptType::object) fields["augment"].suppose(a.augment, Augment::resize);
  if (embedding() && a.type == ConceptType::memorization)
    throw InputError(
        "[ablate] {} embedding trains the words of the concept, and a memorised caption is made of "
        "common ones; use full",
        option("params"));
  if (memorized_.empty() && (!a.scores.empty() || fields.given("most-similar")))
    throw InputError("[ablate] similarity to what? Name the memorised picture with {}",
                     option("memorized"));
  if (!memorized_.empty() && a.type != ConceptType::memorization)
    throw InputError("[ablate] {} goes with {} memorization", option("memorized"), option("type"));
  fields["batch"].suppose(a.batch, d.batch);
  a.retain = prompts_of(retain_file_);
  if (!a.retain.empty()) fields["retain-batch"].suppose(a.retain_batch, a.batch);
  a.anchors.pixels = a.augment != Augment::none || !memorized_.empty();
  a.check();
  fields["iterations"].suppose(run_.train.iterations, d.iterations);
  if (embedding()) fields["save-type"].suppose(run_.save_type, FileDType::f32);
  run_.resolve(fields, d.learning_rate);
}

// Published programs write "cat+grumpy cat" and "*+caption", which say the pairs.
bool EraseAblate::finds_lists() const {
  const bool published =
      std::any_of(captions_.concepts.begin(), captions_.concepts.end(), [](const std::string& c) {
        return c.find('+') != std::string::npos || c.find(';') != std::string::npos;
      });
  const bool compat = ablate_.compat != AblateCompat::none;
  return lists_.wanted(fields, {"anchors", "template", "pairs", "retain", "memorized"}, compat) &&
         !published;
}

void EraseAblate::resolve_found() {
  AblateOptions& a = ablate_;
  if (captions_.concepts.empty())
    throw InputError("[ablate] there is nothing to ablate; name it with {} \"Dotti\"",
                     option("concept"));
  if (fields.given("type") && !lists_.kind) {
    if (captions_.type == ConceptType::style) lists_.kind = ConceptKind::style;
    if (captions_.type == ConceptType::memorization) lists_.kind = ConceptKind::caption;
  }
  a.concepts = captions_.concepts;
  if (run_.params.empty()) run_.params = defaults_of(ConceptType::style).params;
  fields["anchor-count"].suppose(a.anchors.count, int64_t{24});
  fields["anchor-steps"].suppose(a.anchors.generate.steps, 8);
  fields["batch"].suppose(a.batch, int64_t{2});
  fields["retain-batch"].suppose(a.retain_batch, int64_t{4});
  fields["retain-steps"].suppose(a.retain_steps, 8);
  fields["retain-weight"].suppose(a.retain_weight, 2.0);
  fields["schedule"].suppose(run_.train.decay, Decay::linear);
  fields["iterations"].suppose(run_.train.iterations, int64_t{150});
  fields["warmup"].suppose(run_.train.warmup, std::min<int64_t>(5, run_.train.iterations));
  a.retain = {""};  // until they are found
  a.anchors.pixels = a.augment != Augment::none;
  a.check();
  if (embedding()) fields["save-type"].suppose(run_.save_type, FileDType::f32);
  run_.resolve(fields, run_.train.learning_rate);
}

// A pair for each anchor picture, and those of one anchor prompt together.
void EraseAblate::find(TrainingRun& run) {
  AblateOptions& a = ablate_;
  const std::string& anchor = captions_.anchor;
  lists_.find("ablate", run, run_, captions_.concepts,
              anchor.empty() ? std::vector<std::string>{} : std::vector{anchor}, a.seed);
  if (!run_.plan_only) {
    const ConceptKind kind = lists_.found_kind();
    if (!fields.given("type"))
      a.type = kind == ConceptKind::style     ? ConceptType::style
               : kind == ConceptKind::caption ? ConceptType::memorization
                                              : ConceptType::object;
    captions_.anchor = lists_.anchors().front();
  }
  for (const Phrasing& p : spread(lists_.learned(), a.anchors.count)) {
    const auto known = std::find_if(a.pairs.begin(), a.pairs.end(),
                                    [&](const CaptionPair& c) { return c.anchor == p.anchor(); });
    if (known == a.pairs.end())
      a.pairs.push_back({p.anchor(), {p.text()}});
    else
      known->targets.push_back(p.text());
  }
  for (const CaptionPair& p : a.pairs) a.anchors.prompts.push_back(p.anchor);
  a.retain = spread(lists_.kept(), 16);
}

// The tokens of what is ablated, without those of its anchor.
std::vector<int32_t> EraseAblate::target_tokens(const Tokenizer& tokenizer) const {
  const std::vector<int32_t> empty = tokenizer.encode("").ids;
  std::vector<int32_t> rows;
  const auto add = [&](const std::string& target, const std::string& anchor) {
    const std::vector<int32_t> ids = tokenizer.encode(target).ids,
                               stay = tokenizer.encode(anchor).ids;
    for (const int32_t id : ids) {
      const auto in = [id](const std::vector<int32_t>& list) {
        return std::find(list.begin(), list.end(), id) != list.end();
      };
      if (!in(empty) && !in(stay) && !in(rows)) rows.push_back(id);
    }
  };
  if (pairs_file_.empty()) {
    for (const std::string& c : captions_.concepts) add(c, captions_.anchor);
  } else {
    for (const CaptionPair& p : ablate_.pairs)
      for (const std::string& t : p.targets) add(t, p.anchor);
  }
  if (rows.empty())
    throw InputError(
        "[ablate] the concept has no word of its own whose embedding could be trained");
  return rows;
}

void EraseAblate::train(TrainingRun& run, Trainables& trainables, const std::string& model_says) {
  const AblateOptions& a = ablate_;
  Ablate method(run.model(), run.text(), trainables, a, run.model_hash());
  TrainingTask task{method, trainables};
  if (found_) {
    const bool begun = lists_.begin_from_closed_form(task, run, run_.rank);
    lists_.set_rate(fields, run, run_, trainables, begun ? relative_change : change_from_original);
    lists_.watch(task, run);
  }
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(fmt::format(
      "{} iterations of {} examples, {} at {:g}; {} anchor pictures of {} steps at guidance {:g}",
      run_.train.iterations, method.batch() * run_.train.accumulate, fields["optimizer"].text(),
      run_.train.learning_rate, a.anchors.count, a.anchors.generate.steps,
      a.anchors.generate.guidance));
  if (const std::string about =
          about_anchors(run.model(), method.anchor_options(), run.model_hash());
      !about.empty() && !run_.plan_only)
    task.notes.push_back(about);
  if (a.type == ConceptType::memorization && !a.memorized)
    task.notes.push_back(
        fmt::format("no {} picture: copies of it among the anchor pictures will not be noticed",
                    option("memorized")));
  task.published_evaluations = [&](int64_t iterations) {
    return method.published_evaluations(iterations * run_.train.accumulate);
  };
  run.train(task);
  if (found_)
    lists_.conclude(run,
                    fmt::format("{} {}, another {}, or `lacuna erase {} ...`", option("iterations"),
                                2 * run_.train.iterations, option("anchor"), option("concept")));
}

void EraseAblate::run() {
  run_.observer = observer;
  if (!pairs_file_.empty()) captions_.type = ConceptType::pairs;
  AblateOptions& a = ablate_;
  a.type = captions_.type;
  found_ = finds_lists();
  std::string model_says;
  if (found_) {
    resolve_found();
  } else {
    if (a.compat == AblateCompat::none)
      model_says = apply_model_defaults(fields, run_.common.model_path(), "erase ablate",
                                        std::string(word_of(a.type)));
    resolve_captions();
    resolve();
  }
  std::optional<Image> memorized;
  if (!memorized_.empty()) memorized = load_image(memorized_);
  TrainingRun run(run_);
  a.size = run.size();
  const auto [width, height] = run.pixels();
  a.anchors.generate.width = width;
  a.anchors.generate.height = height;
  if (memorized) a.memorized = resized(*memorized, width, height);
  a.anchors.folder = cache_.empty() ? run.folder() / "anchors" : std::filesystem::path(cache_);
  a.cache = cache_.empty() ? run.folder() / "trajectories" : std::filesystem::path(cache_);
  if (found_) find(run);
  Trainables trainables =
      embedding() ? run.trainables(ModelPart::text, a.seed, target_tokens(run.model().tokenizer()))
                  : run.trainables(ModelPart::unet, a.seed);
  train(run, trainables, model_says);
}

}  // namespace

std::unique_ptr<EraseVerb> ablate_verb() { return std::make_unique<EraseAblate>(); }

}  // namespace lacuna
