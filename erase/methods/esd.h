// ESD: Erased Stable Diffusion (Gandikota et al., ICCV 2023, arXiv 2303.07345).
//
//   L = || eps(z_t, c) - [ eps*(z_t, "") - eta (eps*(z_t, c) - eps*(z_t, "")) ] ||^2
//
// eps is the edited UNet and eps* the frozen one; z_t lies on the frozen model's own way from noise
// to a picture of the concept c. With a parent text f ("cowboy" for "cowboy hat") the concept's
// direction is subtracted from the parent's prediction:
//
//   L = || eps(z_t, f) - [ eps*(z_t, f) - (1 + eta) (eps*(z_t, c) - eps*(z_t, "")) ] ||^2
//
// which for f = c is the first formula again. It serves phrasings of the concept, too: with the
// phrasing as f and the bare concept as c, what else the phrasing says ("a circle" in "a red
// circle") is not pushed away. Retained prompts r add, with a weight,
//   || eps(z_t, r) - eps*(z_t, r) ||^2.
#pragma once

#include <string>
#include <vector>

#include "base/options/words.h"
#include "erase/examples/concept_examples.h"
#include "erase/examples/retained.h"

namespace lacuna {

class Fields;

// The conventions of the three published programs, which differ in sampler, in who samples, and in
// how the timestep of the loss relates to that of the latents.
enum class EsdCompat { none, paper, repo, alt };
std::span<const Word> words(EsdCompat);

enum class TrajectoryModel { frozen, edited };
std::span<const Word> words(TrajectoryModel);

// What a phrasing is pushed away from: the concept that it names, or all that it says.
enum class Direction { concept_text, phrasing };
std::span<const Word> words(Direction);

// What the edited model shall predict for a phrasing: the opposite of the concept, what the frozen
// model predicts without any text, or what it predicts for the anchor.
enum class EsdGoal { opposite, neutral, anchor };
std::span<const Word> words(EsdGoal);

struct EsdOptions {
  std::vector<std::string> concepts;
  EsdGoal goal = EsdGoal::opposite;
  // With the anchor as the goal: what stands in the place of each phrasing, as many as there are
  // phrasings.
  std::vector<std::string> anchors;
  std::string from;                  // the parent text f; empty: the concept itself
  std::vector<std::string> prompts;  // phrasings of the concept, used instead of it
  Direction direction = Direction::concept_text;
  std::vector<std::string> retain;  // prompts that must stay
  double eta = 1, retain_weight = 1;
  // Of the retained examples, the share that asks for the empty prompt instead, on latents of the
  // concept and of retained prompts: guidance leans on it at every step, and its prediction is
  // known.
  double retain_neutral = 0.25;
  float start_guidance = 3;
  int steps = 50, retain_steps = 10;  // of trajectories to erase and to retain
  // Of a frozen trajectory, the share that examples are drawn from, beginning with the noise: what
  // an image shows is decided there (Chen et al., TRCE, ICCV 2025, use the first half).
  double early = 1;
  TrajectoryModel trajectory = TrajectoryModel::frozen;
  EsdCompat compat = EsdCompat::none;
  int64_t trajectories = 0, retain_trajectories = 0;  // 0: one for each text, at least 20 in all
  int64_t batch = 1, retain_batch = 0;                // examples of each kind in a micro-batch
  uint64_t seed = 0;
  LatentSize size;
  std::filesystem::path cache;  // where trajectories are kept

  // All but the files that `prompts` and `retain` are read from.
  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
};

// What the methods that erase as ESD does are composed of: examples of the concept, then retained
// ones.
class EsdParts {
 public:
  // `trainables` is what the edited UNet consists of. All of the arguments must outlive the object.
  EsdParts(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
           const EsdOptions& options, const std::string& model_hash);

  // As Method has them.
  std::string sentence() const;
  OptionTexts texts() const;
  void reserve();
  void prepare(const ProgressCallback& progress);
  std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const;
  int64_t evaluations() const;
  int64_t batch() const { return options_.batch + options_.retain_batch; }

  // The entries of a micro-batch, those that `erase` draws first, with their weights in the mean
  // over it.
  std::vector<Entry> entries(int64_t index, const std::function<Entry(Rng&)>& erase) const;
  Denoiser denoiser() const;
  // Fills all inputs but the weights.
  Batch filled(std::span<const Entry> entries) const;
  const ConceptExamples& erase() const { return erase_; }

 private:
  StableDiffusion& model_;
  TextCache& text_;
  const EsdOptions& options_;
  ConceptExamples erase_;
  RetainedExamples retain_;
};

class Esd : public Method {
 public:
  // `trainables` is what the edited UNet consists of. All of the arguments must outlive the method.
  Esd(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
      EsdOptions options, std::string model_hash);

  std::string name() const override { return "esd"; }
  std::string sentence() const override { return parts_.sentence(); }
  OptionTexts options() const override { return parts_.texts(); }
  void reserve() override { parts_.reserve(); }
  void prepare(const ProgressCallback& progress) override { parts_.prepare(progress); }
  Loss loss(Graph& graph) const override;
  Batch next(int64_t index) const override;
  std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const override {
    return parts_.parts(each);
  }
  int64_t evaluations() const override { return parts_.evaluations(); }
  int64_t batch() const override { return parts_.batch(); }

  // UNet evaluations that the published program, which samples 50 steps, spends on as many examples
  // (backward counted as two).
  static double published_evaluations(int64_t examples);

 private:
  StableDiffusion& model_;
  EsdOptions options_;
  EsdParts parts_;
};

}  // namespace lacuna
