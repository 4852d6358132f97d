// What `lacuna erase esd` and the verbs built on it share.
#pragma once

#include <string>

#include "erase/methods/esd.h"
#include "jobs/erase/auto_lists.h"
#include "jobs/erase/training_run.h"

namespace lacuna {

// What holds if neither the user nor the model says anything.
struct EsdDefaults {
  double learning_rate, eta;
  int64_t iterations, batch;
  Direction direction;
};

// What suits lists that are found: short trajectories of a few of the phrasings, which are many and
// alike, and of these the first half.
EsdOptions esd_of_found_lists();
// As many of the phrasings and of the texts that stay as trajectories are sampled.
void take_lists(EsdOptions& esd, const std::vector<Phrasing>& learned,
                const std::vector<std::string>& kept);
// The learning rate for that, as a share of the root mean square of the weights: Adam moves a
// weight by about the rate at every update, so this is the relative change of the model.
inline constexpr double relative_change = 0.01;       // from the closed form's weights
inline constexpr double change_from_original = 0.02;  // from the model's own

struct EsdTraining {
  TrainingOptions run;
  std::string prompts_file, retain_file;
  AutoLists lists;

  EsdTraining() { run.params = "x"; }
  // What EsdOptions has not.
  void describe(Fields& fields);
  // Puts `esd` together with the files. Throws InputError.
  void resolve(const Fields& fields, EsdOptions& esd, const EsdDefaults& defaults);
  // The same when lists will be found, and the lists once the run is open: `anchors` as AutoLists
  // has them.
  void resolve_found(const Fields& fields, EsdOptions& esd, int64_t iterations);
  void find(const char* method, TrainingRun& run, EsdOptions& esd,
            const std::vector<std::string>& anchors);
  // "900 iterations of 3 examples (2 of them retained), Adam at 0.002".
  std::string loop(const EsdOptions& esd) const;
};

}  // namespace lacuna
