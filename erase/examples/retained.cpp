#include "erase/examples/retained.h"

#include <algorithm>

#include "base/options/fields.h"
#include "erase/seeds.h"

namespace lacuna {

void describe_retained(Fields& f, double& weight, int64_t& batch, double& neutral, int& steps) {
  f.add("retain-weight", weight, "X", "Weight of the retained prompts in the loss")
      .range(0, 1e6, "1 is usual")
      .from_model()
      .identity();
  f.add("retain-batch", batch, "N", "Retained examples at a time")
      .range(0, 256, "as --batch is usual")
      .from_model()
      .identity()
      .usually("as --batch");
  f.add("retain-neutral", neutral, "X",
        "Share of the retained examples that has the empty prompt, which guidance relies on")
      .range(0, 1, "it is a share between 0 and 1")
      .from_model()
      .identity();
  f.add("retain-steps", steps, "N", "Sampler steps of a retained prompt's trajectory")
      .range(2, 1000, "10 to 50 are usual")
      .from_model()
      .identity();
}

std::vector<TrajectoryPrompt> RetainedExamples::prompts() const {
  std::vector<TrajectoryPrompt> all;
  for (const std::string& r : options_.prompts) all.push_back({r, r});
  return in_turn(all, options_.trajectories);
}

void RetainedExamples::reserve() {
  if (options_.batch == 0) return;
  const auto count = static_cast<int64_t>(prompts().size());
  model_.predictor().plan(2 * std::min(options_.sampling.batch, count), options_.sampling.size);
}

void RetainedExamples::prepare(const ProgressCallback& progress) {
  if (options_.batch == 0) return;
  const std::vector<TrajectoryPrompt> all = prompts();
  trajectories_ = frozen_trajectories(model_, text_, all, seeds_of(options_.seed, all.size()),
                                      options_.sampling, model_hash_, progress);
}

Entry RetainedExamples::draw(Rng& rng, const std::vector<Trajectory>& concept_latents) const {
  const bool neutral = rng.uniform() < options_.neutral;
  const bool of_concept = neutral && !concept_latents.empty() && rng.below(4) != 0;
  const Pick p = pick(of_concept ? concept_latents : trajectories_, rng);
  const Example& e = p.example();
  return {e.latents, e.timestep, neutral ? "" : p.trajectory.prompt.path,
          neutral ? e.neutral : e.path, p.as(neutral ? "neutral" : "retain")};
}

}  // namespace lacuna
