// What the trained stages of `lacuna erase --concept X` have in common: the loop's options, what a
// resumed run must agree on, and the measurements on the way.
#pragma once

#include <functional>
#include <vector>

#include "erase/train.h"
#include "erase/trainables.h"
#include "jobs/erase/auto_options.h"

namespace lacuna {

// Gets the weights and the updates that were made; false when the weights are good.
using StageMilestone = std::function<bool(std::vector<Trainables::Export>, int64_t updates)>;

struct StageTraining {
  int64_t updates = 0;
  double learning_rate = 0;
  int64_t between_measurements = 0;  // updates
  // What a resumed run must agree on beyond the goal: model, parameter set, precision.
  OptionTexts identity;
};

// Trains until a milestone says that it is enough, and returns the updates that were made. Throws
// Interrupted when `progress` says so; the state is then saved.
int64_t train_stage(Device& device, Method& method, Trainables& trainables, StageTraining stage,
                    RunFolder folder, const AutoOptions& options, const ProgressCallback& progress,
                    const StageMilestone& milestone);

}  // namespace lacuna
