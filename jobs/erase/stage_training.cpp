#include "jobs/erase/stage_training.h"

#include <fmt/format.h>

#include "jobs/interrupt.h"

namespace lacuna {

int64_t train_stage(Device& device, Method& method, Trainables& trainables, StageTraining stage,
                    RunFolder folder, const AutoOptions& o, const ProgressCallback& progress,
                    const StageMilestone& milestone) {
  const TrainOptions train{.iterations = stage.updates,
                           .warmup = 5,
                           .learning_rate = stage.learning_rate,
                           .decay = Decay::linear,
                           .decoupled = false};
  // What is learned depends on what was found, and so on the goal.
  stage.identity["until"] = fmt::format("{:g}", o.until);
  stage.identity["drift"] = fmt::format("{:g}", o.drift);
  const auto measure = [&](int64_t done) { return milestone(trainables.exported(), done); };
  int64_t done = 0;
  try {
    done = lacuna::train(device, method, trainables, train, stage.identity, folder, progress,
                         {stage.between_measurements, measure});
  } catch (const Stopped&) { throw Interrupted{}; }
  if (folder.resumes() && (folder.finished() || done == stage.updates)) measure(done);
  folder.draw_losses(fmt::format("erasing {}", o.concepts[0]));
  return done;
}

}  // namespace lacuna
