#include "erase/methods/inpaint.h"

#include <fmt/format.h>

#include "base/error.h"
#include "erase/groups.h"
#include "jobs/erase/esd_training.h"
#include "jobs/erase/verbs.h"
#include "jobs/model_defaults.h"

namespace lacuna {
namespace {

class EraseInpaint : public EraseVerb {
 public:
  EraseInpaint()
      : EraseVerb("inpaint",
                  "Inpainting Erasure: erase inside masks, keep the model's own picture outside") {
    inpaint_.neutral = "a landscape painting";
    inpaint_.describe(fields);
    fields.group(group::what);
    fields.add("anchor", anchor_, "TEXT", "What takes the concept's place, if lists are found")
        .usually("chosen");
    fields.group(group::where);
    fields
        .add("mask", masks_, "TEXT",
             "Where to erase; several are drawn in turn: grid (nine cells and the centre), left, "
             "right, top, bottom, center, cell:R,C, rect:X,Y,W,H, circle:X,Y,R or a picture, white "
             "inside")
        .usually("grid");
    training_.describe(fields);
    fields["iterations"].usually("500; if lists are found, 200 at most");
    fields["lr"].usually("1e-5; if lists are found, from the weights");
    fields["eta"].usually("1; --compat grid: 2");
    notes_ =
        "An edit changes weights, which act everywhere in a picture. To confine it to a\n"
        "part of a picture, draw with\n"
        "  lacuna sample \"a red circle left of a blue square\" --edit FILE --region left";
  }

  void run() override {
    training_.run.observer = observer;
    EsdOptions& esd = inpaint_.esd;
    const bool found = training_.lists.wanted(fields, {"prompts", "retain", "from"}, inpaint_.grid);
    if (found)
      resolve_found();
    else
      resolve();
    TrainingRun run(training_.run);
    esd.size = run.size();
    if (esd.cache.empty()) esd.cache = run.folder() / "trajectories";
    inpaint_.masks = regions(run);
    if (found)
      training_.find("inpaint", run, esd,
                     anchor_.empty() ? std::vector<std::string>{} : std::vector{anchor_});
    Trainables trainables = run.trainables(ModelPart::unet, esd.seed);
    if (found)
      training_.lists.set_rate(fields, run, training_.run, trainables, change_from_original);
    Inpaint method(run.device(), run.model(), run.text(), trainables, inpaint_, run.model_hash());
    TrainingTask task{method, trainables};
    if (!model_says_.empty()) task.notes.push_back("the model's own defaults: " + model_says_);
    task.notes.push_back(training_.loop(esd));
    task.published_evaluations = [&](int64_t iterations) {
      return Inpaint::published_evaluations(iterations * esd.batch *
                                            training_.run.train.accumulate);
    };
    if (found) training_.lists.watch(task, run);
    run.train(task);
    if (found)
      training_.lists.conclude(run,
                               fmt::format("{} {}, or another {}", option("iterations"),
                                           2 * training_.run.train.iterations, option("anchor")));
  }

 private:
  void resolve_found() {
    EsdOptions& esd = inpaint_.esd;
    if (!fields.given("eta") && !fields.given("direction")) esd.goal = EsdGoal::anchor;
    training_.resolve_found(fields, esd, 200);
    if (masks_.empty()) masks_ = {"grid"};
  }

  void resolve() {
    if (!anchor_.empty())
      throw InputError("[inpaint] {} goes with lists that are found; leave it out",
                       option("anchor"));
    if (inpaint_.grid) {
      inpaint_.mask_loss = MaskLoss::ignored;
      if (!training_.retain_file.empty())
        throw InputError("[inpaint] {} grid retains nothing; leave {} out", option("compat"),
                         option("retain"));
      training_.run.default_to_adamw(fields);
      training_.resolve(fields, inpaint_.esd, {1e-5, 2, 500, 1, Direction::phrasing});
    } else {
      model_says_ = apply_model_defaults(fields, training_.run.common.model_path(), "erase inpaint",
                                         training_.run.params);
      training_.resolve(fields, inpaint_.esd, {1e-5, 1, 500, 1, Direction::concept_text});
    }
    if (masks_.empty()) masks_ = {"grid"};
  }

  // "grid" stands for the ten masks of the published scripts.
  std::vector<Region> regions(TrainingRun& run) const {
    const auto [width, height] = run.pixels();
    std::vector<Region> all;
    for (const std::string& name : masks_) {
      if (name == "grid") {
        for (Region& r : grid_regions(width, height)) all.push_back(std::move(r));
        continue;
      }
      all.push_back(parse_region(name, width, height));
      if (!all.back().note.empty()) run.progress().say(all.back().note);
    }
    return all;
  }

  EsdTraining training_;
  InpaintOptions inpaint_;
  std::vector<std::string> masks_;
  std::string model_says_, anchor_;
};

}  // namespace

std::unique_ptr<EraseVerb> inpaint_verb() { return std::make_unique<EraseInpaint>(); }

}  // namespace lacuna
