// Training examples of ESD from the frozen model: latents on the way from noise to a picture of a
// prompt, with the predictions there.
//
// Sampling with guidance computes the conditional and the unconditional prediction at every step;
// both are what ESD's target needs. So a trajectory of 50 steps is 50 examples for 100 UNet
// evaluations, and each example's timestep is exactly the noise level of its latents. Trajectories
// depend on nothing that is trained: they are computed once and may be kept on disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "erase/method.h"
#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

// What is sampled: latents follow `path` under guidance. `concept_text` is the text whose direction
// will be subtracted; when it equals `path` its prediction costs nothing.
struct TrajectoryPrompt {
  std::string path, concept_text;

  bool has_parent() const { return path != concept_text; }
};

// Every prompt once at least and `count` in all, in turn; 0: about 20.
std::vector<TrajectoryPrompt> in_turn(const std::vector<TrajectoryPrompt>& prompts, int64_t count);

struct TrajectoryOptions {
  int steps = 50;
  float guidance = 3;
  LatentSize size;
  std::string sampler = "ddim";
  int64_t batch = 4;             // trajectories sampled together
  std::filesystem::path folder;  // where trajectories are kept; empty: nowhere
};

struct Example {
  std::vector<float> latents;   // z_t, [C,H,W] like all of them
  std::vector<float> path;      // eps*(z_t, path)
  std::vector<float> concept_;  // eps*(z_t, concept); empty when it is the path
  std::vector<float> neutral;   // eps*(z_t, "")
  float timestep = 0;

  std::span<const float> of_concept() const { return concept_.empty() ? path : concept_; }
};

struct Trajectory {
  TrajectoryPrompt prompt;
  uint64_t seed = 0;
  std::string hash;  // of all that it depends on: its file is trajectory-<hash>.safetensors
  std::vector<Example> examples;  // from noise to picture
};

// An example drawn at random.
struct Pick {
  const Trajectory& trajectory;
  size_t step;

  const Example& example() const { return trajectory.examples[step]; }
  UsedExample as(const char* role) const {
    return {trajectory.hash, static_cast<int64_t>(step), role};
  }
};
// Of any of them; of one of them. `early`: of its examples the share, from the noise on, that may
// be drawn.
Pick pick(const std::vector<Trajectory>& from, Rng& rng, double early = 1);
Pick pick(const Trajectory& from, Rng& rng, double early = 1);

// One trajectory per (prompt, seed), computed with the model as it is or read from options.folder.
// `model_hash` stands for the UNet and the text encoder in the files' names.
std::vector<Trajectory> frozen_trajectories(StableDiffusion& model, TextCache& text,
                                            std::span<const TrajectoryPrompt> prompts,
                                            std::span<const uint64_t> seeds,
                                            const TrajectoryOptions& options,
                                            const std::string& model_hash,
                                            const ProgressCallback& progress);

}  // namespace lacuna
