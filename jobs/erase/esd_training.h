// What `lacuna erase esd` and the verbs built on it share.
#pragma once

#include <string>

#include "erase/methods/esd.h"
#include "jobs/erase/training_run.h"

namespace lacuna {

// What holds if neither the user nor the model says anything.
struct EsdDefaults {
  double learning_rate, eta;
  int64_t iterations, batch;
  Direction direction;
};

struct EsdTraining {
  TrainingOptions run;
  std::string prompts_file, retain_file;

  EsdTraining() { run.params = "x"; }
  // What EsdOptions has not.
  void describe(Fields& fields);
  // Puts `esd` together with the files. Throws InputError.
  void resolve(const Fields& fields, EsdOptions& esd, const EsdDefaults& defaults);
  // "900 iterations of 3 examples (2 of them retained), Adam at 0.002".
  std::string loop(const EsdOptions& esd) const;
};

}  // namespace lacuna
