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
  f.group(group::keep);
  f.add("retain", retain_file, "FILE", "Prompts that must stay as they are, one a line");
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
