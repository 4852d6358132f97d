// Retained prompts r: what the edited model shall still predict on the frozen model's own
// trajectories, || eps(z_t, r) - eps*(z_t, r) ||^2.
#pragma once

#include <string>
#include <vector>

#include "erase/examples/entry.h"
#include "erase/examples/trajectories.h"

namespace lacuna {

class Fields;

struct RetainedOptions {
  std::vector<std::string> prompts;
  int64_t batch = 0;  // examples in a micro-batch; 0: none are sampled
  // The share that asks for the empty prompt instead: guidance leans on it at every step, and its
  // prediction is known.
  double neutral = 0.25;
  TrajectoryOptions sampling;
  int64_t trajectories = 0;  // 0: one for each prompt, about 20 in all
  uint64_t seed = 0;         // of the trajectories
};

// The options that every method with retained examples has, under their usual names:
// --retain-weight,
// --retain-batch, --retain-neutral and --retain-steps. The fields point to the arguments.
void describe_retained(Fields& fields, double& weight, int64_t& batch, double& neutral, int& steps);

class RetainedExamples {
 public:
  // The model and the text cache must outlive it.
  RetainedExamples(StableDiffusion& model, TextCache& text, RetainedOptions options,
                   std::string model_hash)
      : model_(model),
        text_(text),
        options_(std::move(options)),
        model_hash_(std::move(model_hash)) {}

  // As Method has them.
  void reserve();
  void prepare(const ProgressCallback& progress);
  // An example; its weight is the caller's. The empty prompt is also asked for on latents of the
  // concept, three times out of four: there the edit pulls hardest. `concept_latents` may be empty.
  Entry draw(Rng& rng, const std::vector<Trajectory>& concept_latents) const;

 private:
  std::vector<TrajectoryPrompt> prompts() const;

  StableDiffusion& model_;
  TextCache& text_;
  RetainedOptions options_;
  std::string model_hash_;
  std::vector<Trajectory> trajectories_;
};

}  // namespace lacuna
