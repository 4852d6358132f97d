// The options that `lacuna erase esd` and the verbs built on it share.
#pragma once

#include <optional>
#include <string>

#include "erase/methods/esd.h"
#include "jobs/erase/training_run.h"

namespace lacuna {

// What holds where neither the user nor the model says anything.
struct EsdDefaults {
  double learning_rate, eta;
  int64_t iterations, batch;
};

struct EsdVerbOptions {
  TrainingOptions run;
  EsdOptions esd;
  std::string direction, prompts_file, retain_file;
  std::optional<double> eta;
  std::optional<int64_t> iterations, batch, retain_batch;

  void add_to(CLI::App& command, int64_t usual_iterations);
  // Puts together what the command line said; `direction` where it does not say. Throws InputError.
  void resolve(const EsdDefaults& defaults, const char* usual_direction);
  // "900 iterations of 3 examples (2 of them retained), Adam at 0.002".
  std::string loop() const;
};

}  // namespace lacuna
