// The trained stage of `lacuna erase --concept X`: ESD's loop towards the anchor's predictions
// (erase/methods/esd.h), from the closed form's weights, until a measurement says that it is
// enough.
#pragma once

#include <string>
#include <vector>

#include "erase/methods/esd.h"
#include "jobs/erase/stage_training.h"

namespace lacuna {

class AutoTraining {
 public:
  AutoTraining(Device& device, StableDiffusion& model, TextCache& text, LatentSize size,
               const AutoOptions& options);

  void learn(const std::vector<Phrasing>& learned, const std::vector<std::string>& kept);
  // Prints the memory of a run, on a device that only counts.
  void plan(bool json);
  // How many updates this many UNet evaluations allow, with the trajectories before them.
  int64_t updates_for(int64_t evaluations) const;

  static constexpr int64_t between_measurements = 25;  // updates
  // Trains from these tensors and returns the UNet evaluations that the updates took. Throws
  // Interrupted when `progress` says so; the state is then saved.
  int64_t run(const std::vector<Trainables::Export>& from, const std::string& model_hash,
              int64_t updates, const ProgressCallback& progress, const StageMilestone& milestone);

 private:
  Trainables trainables() const;

  Device& device_;
  StableDiffusion& model_;
  TextCache& text_;
  AutoOptions o_;
  EsdOptions esd_;
};

}  // namespace lacuna
