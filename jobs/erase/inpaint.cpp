#include "erase/methods/inpaint.h"

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
    fields.group(group::where);
    fields
        .add("mask", masks_, "TEXT",
             "Where to erase; several are drawn in turn: grid (nine cells and the centre), left, "
             "right, top, bottom, center, cell:R,C, rect:X,Y,W,H, circle:X,Y,R or a picture, white "
             "inside")
        .usually("grid");
    training_.describe(fields);
    fields["iterations"].usually("500");
    fields["eta"].usually("1; --compat grid: 2");
    notes_ =
        "An edit changes weights, which act everywhere in a picture. To confine it to a\n"
        "part of a picture, draw with\n"
        "  lacuna sample \"a red circle left of a blue square\" --edit FILE --region left";
  }

  void run() override {
    training_.run.observer = observer;
    resolve();
    EsdOptions& esd = inpaint_.esd;
    TrainingRun run(training_.run);
    esd.size = run.size();
    if (esd.cache.empty()) esd.cache = run.folder() / "trajectories";
    inpaint_.masks = regions(run);
    Trainables trainables = run.trainables(ModelPart::unet, esd.seed);
    Inpaint method(run.device(), run.model(), run.text(), trainables, inpaint_, run.model_hash());
    TrainingTask task{method, trainables};
    if (!model_says_.empty()) task.notes.push_back("the model's own defaults: " + model_says_);
    task.notes.push_back(training_.loop(esd));
    task.published_evaluations = [&](int64_t iterations) {
      return Inpaint::published_evaluations(iterations * esd.batch *
                                            training_.run.train.accumulate);
    };
    run.train(task);
  }

 private:
  void resolve() {
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
  std::string model_says_;
};

}  // namespace

std::unique_ptr<EraseVerb> inpaint_verb() { return std::make_unique<EraseInpaint>(); }

}  // namespace lacuna
