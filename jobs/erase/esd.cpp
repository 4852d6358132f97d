#include "erase/methods/esd.h"

#include "base/error.h"
#include "jobs/erase/esd_training.h"
#include "jobs/erase/verbs.h"
#include "jobs/model_defaults.h"

namespace lacuna {
namespace {

// What the published program uses, and the paper's numbers for lacuna's own loop. The published
// programs know one text.
EsdDefaults defaults_of(EsdCompat compat) {
  switch (compat) {
    case EsdCompat::repo:
      return {5e-5, 1, 200, 1, Direction::phrasing};
    case EsdCompat::alt:
      return {2e-5, 2, 200, 1, Direction::phrasing};
    case EsdCompat::paper:
      return {1e-5, 1, 1000, 1, Direction::phrasing};
    case EsdCompat::none:
      break;
  }
  return {1e-5, 1, 1000, 1, Direction::concept_text};
}

class EraseEsd : public EraseVerb {
 public:
  EraseEsd()
      : EraseVerb("esd",
                  "Erased Stable Diffusion: train the concept away from the model's own "
                  "predictions") {
    esd_.describe(fields);
    training_.describe(fields);
    fields["iterations"].usually("1000; --compat repo or alt: 200");
    fields["lr"].usually("1e-5; --compat repo: 5e-5, alt: 2e-5");
    fields["eta"].usually("1; --compat alt: 2");
  }

  void run() override {
    training_.run.observer = observer;
    const ModelOptions& common = training_.run.common;
    const std::string model_says =
        esd_.compat == EsdCompat::none
            ? apply_model_defaults(fields, common.model_path(), "erase esd", training_.run.params)
            : "";
    if (esd_.compat == EsdCompat::repo && esd_.trajectory == TrajectoryModel::edited)
      throw InputError("[esd] {} repo samples with the frozen model; leave {} out",
                       option("compat"), option("trajectory"));
    training_.resolve(fields, esd_, defaults_of(esd_.compat));
    TrainingRun run(training_.run);
    esd_.size = run.size();
    if (esd_.cache.empty()) esd_.cache = run.folder() / "trajectories";
    Trainables trainables = run.trainables(ModelPart::unet, esd_.seed);
    Esd method(run.device(), run.model(), run.text(), trainables, esd_, run.model_hash());
    TrainingTask task{method, trainables};
    if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
    task.notes.push_back(training_.loop(esd_));
    task.published_evaluations = [&](int64_t iterations) {
      return Esd::published_evaluations(iterations * esd_.batch * training_.run.train.accumulate);
    };
    run.train(task);
  }

 private:
  EsdTraining training_;
  EsdOptions esd_;
};

}  // namespace

std::unique_ptr<EraseVerb> esd_verb() { return std::make_unique<EraseEsd>(); }

}  // namespace lacuna
