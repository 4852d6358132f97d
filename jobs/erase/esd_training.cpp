#include "jobs/erase/esd_training.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"

namespace lacuna {

void EsdTraining::describe(Fields& f) {
  f.group(group::what);
  f.add("prompts", prompts_file, "FILE",
        "Phrasings of the concept, one a line, used instead of it");
  lists.describe(f, "--prompts or --retain");
  f.group(group::keep);
  f.add("retain", retain_file, "FILE", "Prompts that must stay as they are, one a line");
  f.lead("retain");
  f.group(group::weights);
  f.add("params", run.params, "SET|PATTERN",
        "What to train: x, x-strict, u, self, full or a pattern, see `lacuna layers`");
  run.describe(f);
}

void EsdTraining::resolve(const Fields& f, EsdOptions& esd, const EsdDefaults& d) {
  f["eta"].suppose(esd.eta, d.eta);
  f["batch"].suppose(esd.batch, d.batch);
  f["iterations"].suppose(run.train.iterations, d.iterations);
  f["direction"].suppose(esd.direction, d.direction);
  esd.prompts = prompts_of(prompts_file);
  esd.retain = prompts_of(retain_file);
  if (esd.retain.empty())
    esd.retain_batch = 0;
  else
    f["retain-batch"].suppose(esd.retain_batch, esd.batch);
  esd.check();
  run.resolve(f, d.learning_rate);
}

EsdOptions esd_of_found_lists() {
  EsdOptions o;
  o.steps = o.retain_steps = 8;
  o.trajectories = 12;
  o.retain_trajectories = 16;
  o.early = 0.5;
  o.batch = 2;
  o.retain_batch = 4;
  o.retain_weight = 2;
  return o;
}

void take_lists(EsdOptions& esd, const std::vector<Phrasing>& learned,
                const std::vector<std::string>& kept) {
  const std::vector<Phrasing> some = spread(learned, esd.trajectories);
  esd.prompts = texts_of(some);
  esd.anchors = anchors_of(some);
  esd.retain = spread(kept, esd.retain_trajectories);
}

void EsdTraining::resolve_found(const Fields& f, EsdOptions& esd, int64_t iterations) {
  const EsdOptions suited = esd_of_found_lists();
  f["steps"].suppose(esd.steps, suited.steps);
  f["retain-steps"].suppose(esd.retain_steps, suited.retain_steps);
  f["trajectories"].suppose(esd.trajectories, suited.trajectories);
  f["retain-trajectories"].suppose(esd.retain_trajectories, suited.retain_trajectories);
  f["early"].suppose(esd.early, suited.early);
  f["batch"].suppose(esd.batch, suited.batch);
  f["retain-batch"].suppose(esd.retain_batch, suited.retain_batch);
  f["retain-weight"].suppose(esd.retain_weight, suited.retain_weight);
  f["schedule"].suppose(run.train.decay, Decay::linear);
  f["iterations"].suppose(run.train.iterations, iterations);
  f["warmup"].suppose(run.train.warmup, std::min<int64_t>(5, run.train.iterations));
  esd.retain = {""};  // until they are found
  esd.check();
  run.resolve(f, run.train.learning_rate);
}

void EsdTraining::find(const char* method, TrainingRun& open, EsdOptions& esd,
                       const std::vector<std::string>& anchors) {
  lists.find(method, open, run, esd.concepts, anchors, esd.seed);
  take_lists(esd, lists.learned(), lists.kept());
}

std::string EsdTraining::loop(const EsdOptions& esd) const {
  const TrainOptions& t = run.train;
  return fmt::format("{} iterations of {} examples{}, {} at {:g}", t.iterations,
                     (esd.batch + esd.retain_batch) * t.accumulate,
                     esd.retain_batch > 0
                         ? fmt::format(" ({} of them retained)", esd.retain_batch * t.accumulate)
                         : "",
                     t.decoupled ? "AdamW" : "Adam", t.learning_rate);
}

}  // namespace lacuna
