#include "erase/methods/esd.h"

#include <fmt/format.h>

#include "base/error.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/groups.h"
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
    fields.group(group::what);
    fields.add("target", esd_.goal,
               "What a phrasing is trained to predict: the opposite of the concept, what the model "
               "predicts without any text, or what it predicts with the anchor in the concept's "
               "place");
    fields["target"].usually("anchor if lists are found, else opposite");
    fields.add("anchor", anchor_, "TEXT", "What takes the concept's place; makes it the target")
        .usually("chosen if lists are found, else none");
    training_.describe(fields);
    fields["iterations"].usually(
        "1000; --compat repo or alt: 200; if lists are found, 200 at most");
    fields["lr"].usually(
        "1e-5; --compat repo: 5e-5, alt: 2e-5; if lists are found, from the weights");
    fields["eta"].usually("1; --compat alt: 2");
  }

  void run() override {
    training_.run.observer = observer;
    const bool found = training_.lists.wanted(fields, {"prompts", "retain", "from"},
                                              esd_.compat != EsdCompat::none);
    const std::string model_says = found ? resolve_found() : resolve();
    TrainingRun run(training_.run);
    esd_.size = run.size();
    if (esd_.cache.empty()) esd_.cache = run.folder() / "trajectories";
    if (found)
      training_.find("esd", run, esd_,
                     anchor_.empty() ? std::vector<std::string>{} : std::vector{anchor_});
    Trainables trainables = run.trainables(ModelPart::unet, esd_.seed);
    Esd method(run.device(), run.model(), run.text(), trainables, esd_, run.model_hash());
    TrainingTask task{method, trainables};
    if (found) {
      const bool begun = esd_.goal == EsdGoal::anchor &&
                         training_.lists.begin_from_closed_form(task, run, training_.run.rank);
      training_.lists.set_rate(fields, run, training_.run, trainables,
                               begun ? relative_change : change_from_original);
      training_.lists.watch(task, run);
    }
    if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
    task.notes.push_back(training_.loop(esd_));
    task.published_evaluations = [&](int64_t iterations) {
      return Esd::published_evaluations(iterations * esd_.batch * training_.run.train.accumulate);
    };
    run.train(task);
    if (found)
      training_.lists.conclude(
          run,
          fmt::format("{} {}, another {}, or `lacuna erase {} ...`", option("iterations"),
                      2 * training_.run.train.iterations, option("anchor"), option("concept")));
  }

 private:
  // What the model says.
  std::string resolve() {
    const std::string model_says =
        esd_.compat == EsdCompat::none
            ? apply_model_defaults(fields, training_.run.common.model_path(), "erase esd",
                                   training_.run.params)
            : "";
    if (esd_.compat == EsdCompat::repo && esd_.trajectory == TrajectoryModel::edited)
      throw InputError("[esd] {} repo samples with the frozen model; leave {} out",
                       option("compat"), option("trajectory"));
    resolve_target();
    training_.resolve(fields, esd_, defaults_of(esd_.compat));
    find_anchors();
    return model_says;
  }

  std::string resolve_found() {
    // They say how far to push away, which an anchor needs not.
    if (!fields.given("eta") && !fields.given("direction"))
      fields["target"].suppose(esd_.goal, EsdGoal::anchor);
    if (!anchor_.empty() && esd_.goal != EsdGoal::anchor)
      throw InputError(
          "[esd] {} TEXT is the target, so it goes with {} anchor alone; leave out one "
          "of the two",
          option("anchor"), option("target"));
    training_.resolve_found(fields, esd_, 200);
    return "";
  }

  void resolve_target() {
    if (!anchor_.empty()) fields["target"].suppose(esd_.goal, EsdGoal::anchor);
    if (esd_.goal == EsdGoal::opposite && anchor_.empty()) return;
    if (anchor_.empty() == (esd_.goal == EsdGoal::anchor))
      throw InputError("[esd] {} anchor and {} TEXT go together; give both or neither",
                       option("target"), option("anchor"));
    if (!esd_.from.empty())
      throw InputError("[esd] {} belongs to the opposite as the target; leave it out",
                       option("from"));
    if (esd_.compat != EsdCompat::none)
      throw InputError("[esd] {} trains towards the opposite, as published; leave {} out",
                       option("compat"), option("target"));
  }

  // Each phrasing with the anchor in the concept's place.
  void find_anchors() {
    if (esd_.goal != EsdGoal::anchor) return;
    const ConceptOptions what{
        .concepts = esd_.concepts, .guides = {anchor_}, .prompts = esd_.prompts};
    const std::vector<Phrasing> phrasings = phrasings_of(what, "esd");
    esd_.prompts = texts_of(phrasings);
    esd_.anchors = anchors_of(phrasings);
  }

  std::string anchor_;
  EsdTraining training_;
  EsdOptions esd_;
};

}  // namespace

std::unique_ptr<EraseVerb> esd_verb() { return std::make_unique<EraseEsd>(); }

}  // namespace lacuna
