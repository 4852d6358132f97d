#include "erase/methods/esd.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"
#include "models/samplers/sampler.h"

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
  f.add("retain-weight", retain_weight, "X", "Weight of the retained prompts in the loss")
      .range(0, 1e6, "1 is usual")
      .from_model()
      .identity();
  f.add("retain-batch", retain_batch, "N", "Retained examples at a time")
      .range(0, 256, "as --batch is usual")
      .from_model()
      .identity()
      .usually("as --batch");
  f.add("retain-neutral", retain_neutral, "X",
        "Share of the retained examples that has the empty prompt, which guidance relies on")
      .range(0, 1, "it is a share between 0 and 1")
      .from_model()
      .identity();
  f.add("retain-steps", retain_steps, "N", "Sampler steps of a retained prompt's trajectory")
      .range(2, 1000, "10 to 50 are usual")
      .from_model()
      .identity();
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

Esd::Esd(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
         EsdOptions options, std::string model_hash)
    : model_(model),
      text_(text),
      options_(std::move(options)),
      model_hash_(std::move(model_hash)),
      edited_(device, model.unet(), model.dtype(), model.tokenizer().context(),
              [&trainables](Graph& g) { trainables.replace(g); }) {
  options_.check();
  for (const auto* texts : {&options_.concepts, &options_.prompts})
    check_tokens("esd", model.tokenizer(), *texts);
}

std::vector<TrajectoryPrompt> Esd::erase_prompts() const {
  std::vector<TrajectoryPrompt> all;
  const EsdOptions& o = options_;
  for (const std::string& t : o.prompts.empty() ? o.concepts : o.prompts) {
    const bool whole = o.direction == Direction::phrasing || o.prompts.empty();
    all.push_back({o.from.empty() ? t : o.from, whole ? t : concept_in(t, o.concepts)});
  }
  return all;
}

bool Esd::has_parents() const {
  for (const TrajectoryPrompt& p : erase_prompts())
    if (p.has_parent()) return true;
  return false;
}

std::vector<TrajectoryPrompt> Esd::retain_prompts() const {
  std::vector<TrajectoryPrompt> all;
  for (const std::string& r : options_.retain) all.push_back({r, r});
  return all;
}

std::string Esd::sentence() const {
  const EsdOptions& o = options_;
  const std::string concepts = fmt::format("\"{}\"", list(o.concepts));
  const std::string c =
      o.prompts.empty() ? concepts : fmt::format("{} phrasings of {}", o.prompts.size(), concepts);
  const bool from = !o.from.empty(), parents = from || has_parents();
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
  if (!o.retain.empty())
    text += fmt::format("; and {:g} times eps(z, r) towards eps*(z, r) for {} retained prompts",
                        o.retain_weight, o.retain.size());
  return text;
}

OptionTexts Esd::options() const {
  const EsdOptions& o = options_;
  OptionTexts all = fields_of(o).identity();
  all["method"] = "esd";
  all["prompts"] = list(o.prompts);
  all["retain"] = list(o.retain);
  all["size"] = fmt::format("{}x{}", o.size.width, o.size.height);
  return all;
}

bool Esd::cached() const {
  return options_.trajectory == TrajectoryModel::frozen && options_.compat == EsdCompat::none;
}

bool Esd::samples_with_edited() const {
  const EsdOptions& o = options_;
  return o.compat == EsdCompat::paper || o.compat == EsdCompat::alt ||
         (o.compat == EsdCompat::none && o.trajectory == TrajectoryModel::edited);
}

void Esd::reserve() {
  const int64_t texts = has_parents() ? 3 : 2;
  model_.text_plan();
  const int64_t together = TrajectoryOptions{}.batch;
  if (cached()) {
    const auto count = static_cast<int64_t>(in_turn(erase_prompts(), options_.trajectories).size());
    model_.predictor().plan(std::min(together, count) * texts, options_.size);
  }
  if (options_.retain_batch > 0) {
    const auto count =
        static_cast<int64_t>(in_turn(retain_prompts(), options_.retain_trajectories).size());
    model_.predictor().plan(std::min(together, count) * 2, options_.size);
  }
  model_.predictor().release();
  if (cached()) return;
  model_.predictor().plan(texts, options_.size);
  if (samples_with_edited()) edited_.plan(2, options_.size);
}

void Esd::prepare(const Tell& tell) {
  TrajectoryOptions t{.steps = options_.steps,
                      .guidance = options_.start_guidance,
                      .size = options_.size,
                      .folder = options_.cache};
  if (cached()) {
    const auto prompts = in_turn(erase_prompts(), options_.trajectories);
    erase_ = frozen_trajectories(model_, text_, prompts, seeds_of(options_.seed, prompts.size()), t,
                                 model_hash_, tell);
  }
  if (options_.retain_batch > 0) {
    const auto prompts = in_turn(retain_prompts(), options_.retain_trajectories);
    t.steps = options_.retain_steps;
    retain_ =
        frozen_trajectories(model_, text_, prompts, seeds_of(mix(options_.seed, 1), prompts.size()),
                            t, model_hash_, tell);
  }
  model_.predictor().release();
}

Loss Esd::loss(Graph& g) const {
  const UNetConfig& c = model_.unet_config();
  const UNetInputs inputs(g, c, batch(), options_.size, model_.tokenizer().context());
  const Tensor target = g.input("target", inputs.latents.shape());
  const Tensor weight = g.input("weight", {batch()});
  return mse(inputs.predict(model_.unet(), model_.dtype()), target, weight);
}

std::vector<float> esd_target(const Example& e, double eta, bool parent) {
  const std::span<const float> concept_ = e.of_concept();
  std::vector<float> target(e.path.size());
  const auto push = static_cast<float>(eta);
  for (size_t i = 0; i < target.size(); i++) {
    const float direction = concept_[i] - e.neutral[i];
    target[i] = parent ? e.path[i] - (1 + push) * direction : e.neutral[i] - push * direction;
  }
  return target;
}

Esd::Choice Esd::erase_example(Rng& rng) {
  return erase_.empty() ? sampled_example(rng) : erase_choice(pick_erase(rng));
}

Esd::Choice Esd::erase_choice(const Pick& p) {
  const TrajectoryPrompt& prompt = p.trajectory.prompt;
  const Example& e = p.example();
  const bool parent = prompt.has_parent();
  return {e.latents, e.timestep, text_.states(prompt.path), esd_target(e, options_.eta, parent),
          p.as("erase")};
}

Esd::Choice Esd::retained_example(Rng& rng) {
  const bool neutral = rng.uniform() < options_.retain_neutral;
  // Latents of the concept three times out of four: there the edit pulls hardest.
  const bool of_concept = neutral && !erase_.empty() && rng.below(4) != 0;
  const Pick p = pick(of_concept ? erase_ : retain_, rng);
  const Example& e = p.example();
  if (neutral) return {e.latents, e.timestep, text_.states(""), e.neutral, p.as("neutral")};
  return {e.latents, e.timestep, text_.states(p.trajectory.prompt.path), e.path, p.as("retain")};
}

// The published loops: latents are sampled anew for every example, partly denoised.
Esd::Choice Esd::sampled_example(Rng& rng) {
  const EsdOptions& o = options_;
  const std::vector<TrajectoryPrompt> prompts = erase_prompts();
  const TrajectoryPrompt& prompt = prompts[rng.below(prompts.size())];
  const auto sampler = Sampler::make(o.compat == EsdCompat::repo ? "pndm" : "ddim",
                                     model_.noise_schedule(), {.steps = o.steps});
  const auto steps = static_cast<uint64_t>(o.steps);
  const int stride = model_.noise_schedule().train_timesteps() / o.steps;
  int begin = 0, end = 0;
  float timestep = 0;
  if (o.compat == EsdCompat::paper) {
    // The sampler leaves out the first timestep, goes on past the one asked for (to the end, where
    // that is 0), and the loss takes any timestep of the stride.
    const auto k = static_cast<int>(rng.below(steps));
    begin = 1;
    end = k == 0 ? o.steps : o.steps - k + 1;
    timestep =
        static_cast<float>(k * stride + static_cast<int>(rng.below(static_cast<uint64_t>(stride))));
  } else if (o.compat == EsdCompat::alt) {
    end = 1 + static_cast<int>(rng.below(steps - 2));
    timestep = static_cast<float>(model_.noise_schedule().train_timesteps() - stride * end);
  } else {
    end = static_cast<int>(rng.below(steps));
    timestep = sampler->timesteps()[static_cast<size_t>(end)];
  }
  Predictor& predictor = samples_with_edited() ? edited_ : model_.predictor();
  const TextStates neutral = text_.states(""), path = text_.states(prompt.path);
  Rng noise(RngKind::torch, rng.next_u32());
  std::vector<float> z = starting_latents(model_, o.size, *sampler, noise);
  for (int i = begin; i < end; i++) {
    std::vector<float> input = z;
    sampler->scale_model_input(i, input);
    const float t = sampler->timesteps()[static_cast<size_t>(i)];
    const UNetInput both[] = {{input, t, neutral}, {input, t, path}};
    std::vector<std::vector<float>> e = predictor(both, o.size);
    guide(e[0], e[1], o.start_guidance);
    sampler->step(i, e[0], z, noise);
  }
  Example sampled{std::move(z), {}, {}, {}, timestep};
  std::vector<UNetInput> inputs = {{sampled.latents, timestep, neutral},
                                   {sampled.latents, timestep, path}};
  const bool parent = prompt.has_parent();
  if (parent) inputs.push_back({sampled.latents, timestep, text_.states(prompt.concept_text)});
  std::vector<std::vector<float>> e = model_.predictor()(inputs, o.size);
  sampled.neutral = std::move(e[0]);
  sampled.path = std::move(e[1]);
  if (parent) sampled.concept_ = std::move(e[2]);
  std::vector<float> target = esd_target(sampled, options_.eta, parent);
  return {std::move(sampled.latents), timestep, path, std::move(target), {{}, 0, "erase"}};
}

std::vector<Esd::Choice> Esd::choose(int64_t index) {
  const EsdOptions& o = options_;
  Rng rng(RngKind::torch, mix(o.seed, static_cast<uint64_t>(index) + (uint64_t{1} << 40)));
  // The mean over the batch times these is mean(erase) + retain_weight mean(retain).
  const double all = static_cast<double>(batch());
  std::vector<Choice> choices;
  for (int64_t i = 0; i < o.batch + o.retain_batch; i++) {
    const bool erase = i < o.batch;
    choices.push_back(erase ? erase_example(rng) : retained_example(rng));
    choices.back().used.weight = erase
                                     ? all / static_cast<double>(o.batch)
                                     : o.retain_weight * all / static_cast<double>(o.retain_batch);
  }
  return choices;
}

void Esd::set(Plan& plan, const std::vector<Choice>& choices) {
  std::vector<UNetInput> entries;
  std::vector<float> targets;
  used_.clear();
  for (const Choice& c : choices) {
    entries.push_back({c.latents, c.timestep, c.text});
    append_channels_last(targets, c.target, model_.unet_config().out_channels);
    used_.push_back(c.used);
  }
  UNetInputs::set(plan, model_.unet_config(), options_.size, entries);
  plan.set("target", std::span<const float>(targets));
}

void Esd::next(int64_t index, Plan& plan) {
  const std::vector<Choice> choices = choose(index);
  set(plan, choices);
  std::vector<float> weights;
  for (const Choice& c : choices) weights.push_back(static_cast<float>(c.used.weight));
  plan.set("weight", std::span<const float>(weights));
}

std::vector<std::pair<std::string, double>> Esd::parts(std::span<const float> each) const {
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

int64_t Esd::evaluations() const {
  return model_.predictor().evaluations() + edited_.evaluations();
}

// Half a trajectory with guidance (49 evaluations), two frozen predictions, forward with backward.
double Esd::published_evaluations(int64_t examples) {
  return static_cast<double>(examples) * (49 + 2 + 3);
}

}  // namespace lacuna
