#include "erase/examples/concept_examples.h"

#include <algorithm>
#include <optional>

#include "erase/methods/esd.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"
#include "models/walk.h"

namespace lacuna {

namespace {

std::vector<float> target_of(const Example& e, const EsdOptions& o, bool parent) {
  if (o.goal == EsdGoal::neutral) return e.neutral;
  if (o.goal == EsdGoal::anchor) return {e.of_concept().begin(), e.of_concept().end()};
  return esd_target(e, o.eta, parent);
}

}  // namespace

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

ConceptExamples::ConceptExamples(Device& device, StableDiffusion& model, TextCache& text,
                                 const Trainables& trainables, const EsdOptions& options,
                                 std::string model_hash)
    : model_(model),
      text_(text),
      options_(options),
      model_hash_(std::move(model_hash)),
      edited_(device, model.unet(), model.dtype(), model.tokenizer().context(),
              [&trainables](Graph& g) { trainables.replace(g); }) {}

std::vector<TrajectoryPrompt> ConceptExamples::prompts() const {
  std::vector<TrajectoryPrompt> all;
  const EsdOptions& o = options_;
  const std::vector<std::string>& texts = o.prompts.empty() ? o.concepts : o.prompts;
  for (size_t i = 0; i < texts.size(); i++) {
    const std::string& t = texts[i];
    if (o.goal != EsdGoal::opposite) {
      all.push_back({t, o.goal == EsdGoal::anchor ? o.anchors[i] : t});
      continue;
    }
    const bool whole = o.direction == Direction::phrasing || o.prompts.empty();
    all.push_back({o.from.empty() ? t : o.from, whole ? t : concept_in(t, o.concepts)});
  }
  return all;
}

bool ConceptExamples::has_parents() const {
  const std::vector<TrajectoryPrompt> all = prompts();
  return std::any_of(all.begin(), all.end(),
                     [](const TrajectoryPrompt& p) { return p.has_parent(); });
}

bool ConceptExamples::cached() const {
  return options_.trajectory == TrajectoryModel::frozen && options_.compat == EsdCompat::none;
}

bool ConceptExamples::samples_with_edited() const {
  const EsdOptions& o = options_;
  return o.compat == EsdCompat::paper || o.compat == EsdCompat::alt ||
         (o.compat == EsdCompat::none && o.trajectory == TrajectoryModel::edited);
}

void ConceptExamples::reserve_prepare() {
  if (!cached()) return;
  const auto count = static_cast<int64_t>(in_turn(prompts(), options_.trajectories).size());
  model_.predictor().plan(std::min(TrajectoryOptions{}.batch, count) * (has_parents() ? 3 : 2),
                          options_.size);
}

void ConceptExamples::reserve_draw() {
  if (cached()) return;
  model_.predictor().plan(has_parents() ? 3 : 2, options_.size);
  if (samples_with_edited()) edited_.plan(2, options_.size);
}

void ConceptExamples::prepare(const ProgressCallback& progress) {
  if (!cached()) return;
  const auto all = in_turn(prompts(), options_.trajectories);
  const TrajectoryOptions t{.steps = options_.steps,
                            .guidance = options_.start_guidance,
                            .size = options_.size,
                            .folder = options_.cache};
  trajectories_ = frozen_trajectories(model_, text_, all, seeds_of(options_.seed, all.size()), t,
                                      model_hash_, progress);
}

Entry ConceptExamples::draw(Rng& rng) const {
  return cached() ? entry(pick(trajectories_, rng, options_.early)) : sample(rng);
}

Entry ConceptExamples::entry(const Pick& p) const {
  const TrajectoryPrompt& prompt = p.trajectory.prompt;
  const Example& e = p.example();
  return {e.latents, e.timestep, prompt.path, target_of(e, options_, prompt.has_parent()),
          p.as("erase")};
}

// Sampled to some step and asked at some timestep, as one of the published programs has it.
Entry ConceptExamples::sample(Rng& rng) const {
  const EsdOptions& o = options_;
  const std::vector<TrajectoryPrompt> all = prompts();
  const TrajectoryPrompt& prompt = all[rng.below(all.size())];
  const auto steps = static_cast<uint64_t>(o.steps);
  const int stride = model_.noise_schedule().train_timesteps() / o.steps;
  int begin = 0, end = 0;
  std::optional<float> timestep;  // none: that of the latents
  if (o.compat == EsdCompat::paper) {
    // The sampler leaves out the first timestep and passes the one asked for (to the end, if that
    // is 0), and the loss takes any timestep of the stride.
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
  }
  const Conditioning neutral = text_.conditioning(""), path = text_.conditioning(prompt.path);
  Walk walk(model_, o.size, o.compat == EsdCompat::repo ? "pndm" : "ddim", {.steps = o.steps},
            {{{neutral, path}, Rng(RngKind::torch, rng.next_u32())}});
  const float asked_at = timestep.value_or(walk.timestep(std::min(end, walk.calls() - 1)));
  for (int i = begin; i < end; i++) {
    Predictor& predictor = samples_with_edited() ? edited_ : model_.predictor();
    walk.step(i, 0, guided(walk.predict(predictor, i)[0], o.start_guidance));
  }
  Example sampled{std::move(walk.latents(0)), {}, {}, {}, asked_at};
  const std::span<const float> canvas = model_.blank_canvas(o.size);
  std::vector<DenoiserInput> inputs = {{sampled.latents, asked_at, neutral, canvas},
                                       {sampled.latents, asked_at, path, canvas}};
  const bool parent = prompt.has_parent();
  if (parent)
    inputs.push_back({sampled.latents, asked_at, text_.conditioning(prompt.concept_text), canvas});
  std::vector<std::vector<float>> e = model_.predictor()(inputs, o.size);
  sampled.neutral = std::move(e[0]);
  sampled.path = std::move(e[1]);
  if (parent) sampled.concept_ = std::move(e[2]);
  std::vector<float> target = target_of(sampled, o, parent);
  return {std::move(sampled.latents), asked_at, prompt.path, std::move(target), {{}, 0, "erase"}};
}

}  // namespace lacuna
