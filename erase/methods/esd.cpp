#include "erase/methods/esd.h"

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"

namespace lacuna {

std::span<const Word> words(Direction) {
  static constexpr Word all[] = {{"concept", Direction::concept_text},
                                 {"phrasing", Direction::phrasing}};
  return all;
}

std::span<const Word> words(EsdCompat) {
  static constexpr Word all[] = {{"none", EsdCompat::none, false},
                                 {"paper", EsdCompat::paper},
                                 {"repo", EsdCompat::repo},
                                 {"alt", EsdCompat::alt}};
  return all;
}

std::span<const Word> words(TrajectoryModel) {
  static constexpr Word all[] = {{"frozen", TrajectoryModel::frozen},
                                 {"edited", TrajectoryModel::edited}};
  return all;
}

std::span<const Word> words(EsdGoal) {
  static constexpr Word all[] = {
      {"opposite", EsdGoal::opposite}, {"neutral", EsdGoal::neutral}, {"anchor", EsdGoal::anchor}};
  return all;
}

void EsdOptions::describe(Fields& f) {
  f.group(group::what);
  f.add("concept", concepts, "TEXT", "What to erase; may be given several times").identity();
  f.add("from", from, "TEXT", "Erase it from this parent text")
      .identity()
      .usually("from the concept itself");
  f.add("direction", direction,
        "What a phrasing is pushed away from: the concept that it names, so that what else it says "
        "stays, or the whole phrasing")
      .from_model()
      .identity()
      .usually("concept; with --compat phrasing");
  f.group(group::keep);
  describe_retained(f, retain_weight, retain_batch, retain_neutral, retain_steps);
  f.add("retain-trajectories", retain_trajectories, "N",
        "How many trajectories of retained prompts are sampled")
      .range(0, 1e6, "20 is usual")
      .from_model()
      .identity()
      .usually("one a prompt, about 20 at least");
  f.group(group::strength);
  f.add("eta", eta, "X", "How far to push away from the concept")
      .range(0, 100, "1 erases, larger values push further away")
      .from_model()
      .identity();
  f.add("batch", batch, "N", "Examples of the concept at a time")
      .range(1, 256, "1 to 8 are usual")
      .from_model()
      .identity();
  f.group(group::examples);
  f.add("trajectory", trajectory,
        "Which model samples the latents: the frozen one, once for the whole run, or the edited "
        "one, as the paper's loop does")
      .identity();
  f.add("trajectories", trajectories, "N", "How many frozen trajectories are sampled")
      .range(0, 1e6, "20 is usual")
      .from_model()
      .identity()
      .usually("one a prompt, about 20 at least");
  f.add("steps", steps, "N", "Sampler steps of a trajectory")
      .range(2, 1000, "50 is usual")
      .from_model()
      .identity();
  f.add(
       "early", early, "X",
       "Share of a trajectory that is trained on, beginning with the noise: what an image shows is "
       "decided early")
      .range(0.01, 1, "0.5 is the first half, 1 all of it")
      .from_model();
  f.add("start-guidance", start_guidance, "X", "Guidance while trajectories are sampled")
      .range(0, 100, "3 is usual")
      .from_model()
      .identity();
  f.add("cache", cache, "DIR", "Folder of trajectories").usually("in the run's folder");
  f.add("seed", seed, "N", "Seed of everything random").identity();
  f.add("compat", compat,
        "Loop, timesteps and defaults of a published program: the first code (paper), esd_sd.py "
        "(repo) or alt_esd_diffusers.py (alt)")
      .identity();
}

void EsdOptions::check() const {
  if (concepts.empty())
    throw InputError("[esd] there is nothing to erase; name it with {} \"red\"", option("concept"));
  fields_of(*this, "esd").check();
  if (retain_batch > 0 && retain.empty())
    throw InputError("[esd] {} needs prompts to retain; name a file with {}",
                     option("retain-batch"), option("retain"));
}

EsdParts::EsdParts(Device& device, StableDiffusion& model, TextCache& text,
                   const Trainables& trainables, const EsdOptions& o, const std::string& model_hash)
    : model_(model),
      text_(text),
      options_(o),
      erase_(device, model, text, trainables, o, model_hash),
      retain_(model, text,
              {.prompts = o.retain,
               .batch = o.retain_batch,
               .neutral = o.retain_neutral,
               .sampling = {.steps = o.retain_steps,
                            .guidance = o.start_guidance,
                            .size = o.size,
                            .folder = o.cache},
               .trajectories = o.retain_trajectories,
               .seed = mix(o.seed, 1)},
              model_hash) {
  o.check();
  if (o.goal == EsdGoal::anchor && o.anchors.size() != o.prompts.size())
    throw InputError("[esd] {} anchors do not go with {} phrasings", o.anchors.size(),
                     o.prompts.size());
  for (const auto* texts : {&o.concepts, &o.prompts})
    check_tokens("esd", model.tokenizer(), *texts);
}

std::string EsdParts::sentence() const {
  const EsdOptions& o = options_;
  const std::string concepts = fmt::format("\"{}\"", list(o.concepts));
  const std::string c =
      o.prompts.empty() ? concepts : fmt::format("{} phrasings of {}", o.prompts.size(), concepts);
  const std::string kept =
      o.retain.empty()
          ? ""
          : fmt::format("; and {:g} times eps(z, r) towards eps*(z, r) for {} retained prompts",
                        o.retain_weight, o.retain.size());
  const bool from = !o.from.empty(), parents = from || erase_.has_parents();
  if (o.goal != EsdGoal::opposite)
    return fmt::format("ESD: train eps(z, c) towards eps*(z, {}), c = {}{}",
                       o.goal == EsdGoal::anchor ? "a" : "\"\"", c, kept);
  std::string text = fmt::format(
      "ESD: train eps(z, {0}) towards eps*(z, {1}) - {2:g} (eps*(z, c) - eps*(z, \"\")), ",
      parents ? "f" : "c", parents ? "f" : "\"\"", parents ? 1 + o.eta : o.eta);
  if (from)
    text += fmt::format("f = \"{}\", c = {}", o.from, c);
  else if (parents)
    text += fmt::format("f = {} phrasings of c = {}", o.prompts.size(), concepts);
  else
    text += "c = " + c;
  if (o.compat == EsdCompat::repo)
    text += fmt::format(" [published as negative_guidance {:g}]", o.eta + 1);
  if (o.compat == EsdCompat::paper || o.compat == EsdCompat::alt)
    text += fmt::format(" [published as negative_guidance {:g}]", o.eta);
  return text + kept;
}

OptionTexts EsdParts::texts() const {
  const EsdOptions& o = options_;
  OptionTexts all = fields_of(o).identity();
  all["method"] = "esd";
  all["prompts"] = list(o.prompts);
  all["retain"] = list(o.retain);
  if (o.early < 1) all["early"] = fmt::format("{:g}", o.early);
  if (o.goal != EsdGoal::opposite) all["target"] = word_of(o.goal);
  if (o.goal == EsdGoal::anchor) all["anchors"] = list(o.anchors);
  all["size"] = fmt::format("{}x{}", o.size.width, o.size.height);
  return all;
}

void EsdParts::reserve() {
  model_.text_plan();
  erase_.reserve_prepare();
  retain_.reserve();
  model_.predictor().release();
  erase_.reserve_draw();
}

void EsdParts::prepare(const ProgressCallback& progress) {
  erase_.prepare(progress);
  retain_.prepare(progress);
  model_.predictor().release();
}

std::vector<Entry> EsdParts::entries(int64_t index, const std::function<Entry(Rng&)>& erase) const {
  const EsdOptions& o = options_;
  Rng rng(RngKind::torch, mix(o.seed, static_cast<uint64_t>(index) + (uint64_t{1} << 40)));
  // The mean over the batch times these is mean(erase) + retain_weight mean(retain).
  const double all = static_cast<double>(batch());
  std::vector<Entry> entries;
  for (int64_t i = 0; i < o.batch; i++) {
    entries.push_back(erase(rng));
    entries.back().used.weight = all / static_cast<double>(o.batch);
  }
  for (int64_t i = 0; i < o.retain_batch; i++) {
    entries.push_back(retain_.draw(rng, erase_.trajectories()));
    entries.back().used.weight = o.retain_weight * all / static_cast<double>(o.retain_batch);
  }
  return entries;
}

Denoiser EsdParts::denoiser() const {
  return Denoiser(model_.unet(), model_.dtype(), batch(), options_.size);
}

Batch EsdParts::filled(std::span<const Entry> entries) const {
  Batch batch{{}, used_of(entries)};
  fill(batch.inputs, denoiser(), entries, &text_, model_.blank_canvas(options_.size));
  return batch;
}

std::vector<std::pair<std::string, double>> EsdParts::parts(std::span<const float> each) const {
  const auto mean = [&](int64_t begin, int64_t count) {
    double sum = 0;
    for (int64_t i = begin; i < begin + count; i++) sum += each[static_cast<size_t>(i)];
    return sum / static_cast<double>(batch());
  };
  std::vector<std::pair<std::string, double>> parts = {{"erase", mean(0, options_.batch)}};
  if (options_.retain_batch > 0)
    parts.emplace_back("retain", mean(options_.batch, options_.retain_batch));
  return parts;
}

int64_t EsdParts::evaluations() const {
  return model_.predictor().evaluations() + erase_.evaluations();
}

Esd::Esd(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
         EsdOptions options, std::string model_hash)
    : model_(model),
      options_(std::move(options)),
      parts_(device, model, text, trainables, options_, model_hash) {}

Loss Esd::loss(Graph& g) const {
  const Denoiser denoiser = parts_.denoiser();
  const Denoiser::Inputs inputs = denoiser.in(g, model_.tokenizer().context());
  const Tensor target = g.input("target", inputs.latents.shape());
  const Tensor weight = g.input("weight", {batch()});
  return mse(denoiser.predict(inputs), target, weight);
}

Batch Esd::next(int64_t index) const {
  const std::vector<Entry> entries =
      parts_.entries(index, [this](Rng& rng) { return parts_.erase().draw(rng); });
  Batch batch = parts_.filled(entries);
  std::vector<float> weights;
  for (const Entry& e : entries) weights.push_back(static_cast<float>(e.used.weight));
  batch.inputs.set("weight", std::move(weights));
  return batch;
}

// Half a trajectory with guidance (49 evaluations), two frozen predictions, forward with backward.
double Esd::published_evaluations(int64_t examples) {
  return static_cast<double>(examples) * (49 + 2 + 3);
}

}  // namespace lacuna
