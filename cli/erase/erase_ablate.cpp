#include "cli/erase/erase_ablate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "cli/model_defaults.h"
#include "erase/methods/ablate.h"
#include "jobs/erase/training_run.h"
#include "jobs/prompts.h"
#include "pictures/resize.h"

namespace lacuna {
namespace {

struct EraseAblateOptions {
  TrainingOptions run;
  AblateOptions ablate;
  CaptionOptions captions;
  std::string type = "style", loss = "model", augment, compat, cache;
  std::string anchors_file, pairs_file, retain_file, memorized;
  std::optional<double> prior_weight;
  std::optional<int64_t> iterations, batch, retain_batch;
};

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

void resolve_captions(EraseAblateOptions& o) {
  CaptionOptions& c = o.captions;
  if (!o.pairs_file.empty()) {
    if (!c.concepts.empty() || !o.anchors_file.empty())
      throw InputError("[ablate] --pairs says all captions; leave --concept and --anchors out");
    o.ablate.pairs = read_pairs(o.pairs_file);
    for (const CaptionPair& p : o.ablate.pairs)
      for (const std::string& t : p.targets)
        if (std::find(c.concepts.begin(), c.concepts.end(), t) == c.concepts.end())
          c.concepts.push_back(t);
  } else {
    if (c.type == ConceptType::pairs)
      throw InputError("[ablate] --type pairs needs the captions; name a table with --pairs");
    split_published(c);
    c.prompts = prompts_of(o.anchors_file);
    if (c.prompts.empty() && c.type == ConceptType::object && !c.anchor.empty())
      c.prompts = object_prompts(c.anchor);
    if (c.templates.empty()) c.templates = style_templates();
    o.ablate.pairs = caption_pairs(c);
  }
  o.ablate.concepts = c.concepts;
  for (const CaptionPair& p : o.ablate.pairs) o.ablate.anchors.prompts.push_back(p.anchor);
}

void resolve(EraseAblateOptions& o, const CLI::App& command) {
  AblateOptions& a = o.ablate;
  const Defaults d = defaults_of(a.type);
  if (o.run.params.empty()) o.run.params = d.params;
  a.loss = parse_ablate_loss(o.loss);
  a.prior_weight = o.prior_weight.value_or(a.compat == AblateCompat::compvis ? 0.2 : 1);
  // Published: objects are augmented, unless the model's own defaults say otherwise.
  a.augment = !o.augment.empty()              ? parse_augment(o.augment)
              : a.type == ConceptType::object ? Augment::resize
                                              : Augment::none;
  if (o.run.params == "embedding" && a.type == ConceptType::memorization)
    throw InputError(
        "[ablate] --params embedding trains the words of the concept, and a memorised caption is "
        "made of common ones; use full");
  if (o.memorized.empty() && (!a.scores.empty() || command.count("--most-similar") > 0))
    throw InputError("[ablate] similarity to what? Name the memorised picture with --memorized");
  if (!o.memorized.empty() && a.type != ConceptType::memorization)
    throw InputError("[ablate] --memorized goes with --type memorization");
  a.batch = o.batch.value_or(d.batch);
  a.retain = prompts_of(o.retain_file);
  a.retain_batch = o.retain_batch.value_or(a.retain.empty() ? 0 : a.batch);
  a.anchors.pixels = a.augment != Augment::none || !o.memorized.empty();
  a.check();
  o.run.default_to_adamw(command);
  o.run.train.iterations = o.iterations.value_or(d.iterations);
  if (o.run.params == "embedding" && command.count("--save-type") == 0) o.run.save_type = "f32";
  o.run.resolve(d.learning_rate);
}

// The tokens of what is ablated, without those of its anchor.
std::vector<int32_t> target_tokens(const EraseAblateOptions& o, const Tokenizer& tokenizer) {
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
  if (o.pairs_file.empty()) {
    for (const std::string& c : o.captions.concepts) add(c, o.captions.anchor);
  } else {
    for (const CaptionPair& p : o.ablate.pairs)
      for (const std::string& t : p.targets) add(t, p.anchor);
  }
  if (rows.empty())
    throw InputError(
        "[ablate] the concept has no word of its own whose embedding could be trained");
  return rows;
}

void erase_ablate(EraseAblateOptions& o, CLI::App& command) {
  o.captions.type = o.pairs_file.empty() ? parse_concept_type(o.type) : ConceptType::pairs;
  o.ablate.type = o.captions.type;
  if (!o.compat.empty()) o.ablate.compat = parse_ablate_compat(o.compat);
  const std::string model_says =
      o.compat.empty() ? apply_model_defaults(command, o.run.common.model_path(), "erase ablate",
                                              std::string(name_of(o.ablate.type)))
                       : "";
  resolve_captions(o);
  resolve(o, command);
  std::optional<Image> memorized;
  if (!o.memorized.empty()) memorized = load_image(o.memorized);
  TrainingRun run(o.run);
  AblateOptions& a = o.ablate;
  a.size = run.size();
  const auto [width, height] = run.pixels();
  a.anchors.generate.width = width;
  a.anchors.generate.height = height;
  if (memorized) a.memorized = resized(*memorized, width, height);
  a.anchors.folder = o.cache.empty() ? run.folder() / "anchors" : std::filesystem::path(o.cache);
  a.cache = o.cache.empty() ? run.folder() / "trajectories" : std::filesystem::path(o.cache);
  const bool embedding = o.run.params == "embedding";
  Trainables trainables =
      embedding ? run.trainables(ModelPart::text, a.seed, target_tokens(o, run.model().tokenizer()))
                : run.trainables(ModelPart::unet, a.seed);
  Ablate method(run.model(), run.text(), trainables, a, run.model_hash());
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(fmt::format(
      "{} iterations of {} examples, {} at {:g}; {} anchor pictures of {} steps at guidance {:g}",
      o.run.train.iterations, method.batch() * o.run.train.accumulate, o.run.optimizer,
      o.run.train.learning_rate, a.anchors.count, a.anchors.generate.steps,
      a.anchors.generate.guidance));
  if (const std::string about =
          about_anchors(run.model(), method.anchor_options(), run.model_hash());
      !about.empty() && !o.run.plan_only)
    task.notes.push_back(about);
  if (a.type == ConceptType::memorization && !memorized)
    task.notes.push_back(
        "no --memorized picture: copies of it among the anchor pictures will not be noticed");
  task.published_evaluations = [&](int64_t iterations) {
    return method.published_evaluations(iterations * o.run.train.accumulate);
  };
  run.train(task);
}

}  // namespace

void add_ablate(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<EraseAblateOptions>();
  o->run.observer = observer;
  AblateOptions& a = o->ablate;
  a.anchors.generate = {.sampler = "ddim", .steps = 25, .guidance = 6};
  CLI::App* c = erase.add_subcommand(
      "ablate", "Concept Ablation: draw an anchor concept wherever the concept is asked for");
  option(
      *c, "--type", o->type,
      "What the concept is: a style, an object with its anchor, a memorised picture, or captions "
      "by pairs",
      "style|object|memorization|pairs")
      ->capture_default_str();
  texts_option(*c, "--concept", o->captions.concepts,
               "What to ablate: a style's name, an object (\"grumpy cat\", or \"cat+grumpy cat\"), "
               "the memorised picture's caption; may be given several times");
  option(*c, "--anchor", o->captions.anchor, "Of an object: what it is to become", "TEXT");
  option(*c, "--anchors", o->anchors_file,
         "Anchor prompts, one a line: what is to be drawn instead (objects have some of their own)",
         "FILE");
  option(*c, "--pairs", o->pairs_file, "A table (.csv) with the columns anchor and target", "FILE");
  texts_option(*c, "--template", o->captions.templates,
               "Of a style: a caption, with {anchor} and {target}; may be given several times "
               "(default: the three published ones)");
  option(*c, "--loss", o->loss,
         "Towards the model's own prediction for the anchor, or towards the noise", "model|noise")
      ->capture_default_str();
  option(*c, "--prior-weight", o->prior_weight,
         "Weight of the anchor's own denoising loss; 0 leaves it out (default: 1)", "X");
  option(*c, "--params", o->run.params,
         "What to train: cross-attn (keys and values), attn, embedding (the concept's words), full "
         "or a pattern, see `lacuna layers` (default: cross-attn; memorization: full)",
         "SET|PATTERN");
  option(*c, "--augment", o->augment,
         "Pictures as they are, mirrored, or resized with a mask (default: resize for objects)",
         "none|flip|resize");
  option(*c, "--iterations", o->iterations, "Updates (default: 100; memorization: 400)", "N");
  option(*c, "--batch", o->batch, "Captions of the concept at a time (default: 4; memorization: 2)",
         "N");
  option(*c, "--anchor-count", a.anchors.count, "Anchor pictures to draw", "N")
      ->capture_default_str();
  option(*c, "--anchor-steps", a.anchors.generate.steps, "Their steps", "N")->capture_default_str();
  option(*c, "--anchor-guidance", a.anchors.generate.guidance, "Their guidance", "X")
      ->capture_default_str();
  option(*c, "--anchor-sampler", a.anchors.generate.sampler, "Their sampler", "NAME")
      ->capture_default_str();
  option(*c, "--anchor-eta", a.anchors.generate.eta, "Noise that DDIM adds to them, 0 to 1", "X")
      ->capture_default_str();
  option(*c, "--cache", o->cache,
         "Folder of anchor pictures and trajectories (default: in the run's folder)", "DIR");
  option(*c, "--memorized", o->memorized,
         "The memorised picture: anchor pictures that are copies of it are left out", "IMAGE");
  option(*c, "--most-similar", a.most_similar,
         "Similarity to it (correlation of the pixels) above which a picture is a copy", "X")
      ->capture_default_str();
  option(*c, "--similarity-file", a.scores,
         "Your own scores instead, such as an SSCD network's: lines \"picture,score\"; a run "
         "without it leaves the pictures to score",
         "FILE");
  option(*c, "--retain", o->retain_file, "Prompts that must stay as they are, one a line", "FILE");
  option(*c, "--retain-weight", a.retain_weight, "Weight of the retained prompts", "X")
      ->capture_default_str();
  option(*c, "--retain-batch", o->retain_batch, "Retained examples at a time (default: as --batch)",
         "N");
  option(*c, "--retain-neutral", a.retain_neutral,
         "Share of retained examples with the empty prompt", "X")
      ->capture_default_str();
  option(*c, "--retain-steps", a.retain_steps, "Steps of retained latents", "N")
      ->capture_default_str();
  option(*c, "--compat", o->compat,
         "compvis or diffusers: the sum over the latent's channels and the prior's weight of that "
         "program",
         "compvis|diffusers");
  option(*c, "--save-every", o->run.train.save_every, "Iterations between save points", "N")
      ->capture_default_str();
  seed_option(*c, a.seed);
  o->run.add_to(*c);
  c->get_option("--lr")->description("Learning rate (default: 1.6e-5; memorization: 2e-6)");
  c->get_option("--optimizer")->default_str("adamw");
  c->get_option("--weight-decay")->default_str("0.01");
  c->callback([o, c] { erase_ablate(*o, *c); });
}

}  // namespace lacuna
