// What ESD erases: latents on the way from noise to an image of the concept, each with what the
// edited model shall predict there (esd.h has the formulas). They lie on trajectories of the frozen
// model that are sampled once, or are sampled anew for every use, as the published programs do.
#pragma once

#include <string>
#include <vector>

#include "erase/examples/entry.h"
#include "erase/examples/trajectories.h"
#include "erase/trainables.h"

namespace lacuna {

struct EsdOptions;

// What the edited model shall predict for the path's prompt at an example: ESD's formula, with the
// path as the parent f when it is another text than the concept.
std::vector<float> esd_target(const Example& example, double eta, bool parent);

class ConceptExamples {
 public:
  // `trainables` is what the edited UNet consists of. All of the arguments must outlive the object.
  ConceptExamples(Device& device, StableDiffusion& model, TextCache& text,
                  const Trainables& trainables, const EsdOptions& options, std::string model_hash);

  // Whether a prompt is another text than the concept in it.
  bool has_parents() const;
  // The plans of prepare(), and those of draw(): apart, as those of prepare() are released between.
  void reserve_prepare();
  void reserve_draw();
  void prepare(const ProgressCallback& progress);

  // The trajectories that are sampled once; none when every use samples anew.
  const std::vector<Trajectory>& trajectories() const { return trajectories_; }
  Entry draw(Rng& rng) const;
  // What is asked at an example of a trajectory.
  Entry entry(const Pick& pick) const;

  // UNet evaluations with the edited model.
  int64_t evaluations() const { return edited_.evaluations(); }

 private:
  bool cached() const;
  bool samples_with_edited() const;
  std::vector<TrajectoryPrompt> prompts() const;
  Entry sample(Rng& rng) const;

  StableDiffusion& model_;
  TextCache& text_;
  const EsdOptions& options_;
  std::string model_hash_;
  mutable Predictor edited_;  // what it keeps between uses changes no result
  std::vector<Trajectory> trajectories_;
};

}  // namespace lacuna
