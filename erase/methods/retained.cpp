#include "erase/methods/retained.h"

#include <algorithm>

#include "erase/seeds.h"

namespace lacuna {

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
