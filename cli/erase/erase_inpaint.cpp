#include "cli/erase/erase_inpaint.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/erase/esd_options.h"
#include "cli/model_defaults.h"
#include "erase/methods/inpaint.h"

namespace lacuna {
namespace {

struct EraseInpaintOptions : EsdVerbOptions {
  InpaintOptions inpaint;
  std::vector<std::string> masks;
  std::string mask_loss = "both", compat;
};

// "grid" stands for the ten masks of the published scripts.
std::vector<Region> masks_of(const EraseInpaintOptions& o, const TrainingRun& run,
                             Progress& progress) {
  const auto [width, height] = run.pixels();
  std::vector<Region> all;
  for (const std::string& name : o.masks) {
    if (name == "grid") {
      for (Region& r : grid_regions(width, height)) all.push_back(std::move(r));
      continue;
    }
    all.push_back(parse_region(name, width, height));
    if (!all.back().note.empty()) progress.say(all.back().note);
  }
  return all;
}

void erase_inpaint(EraseInpaintOptions& o, CLI::App& command) {
  if (!o.compat.empty() && o.compat != "grid")
    throw InputError("[inpaint] --compat '{}' is unknown; choose grid", o.compat);
  o.inpaint.grid = o.compat == "grid";
  o.inpaint.mask_loss = o.inpaint.grid ? MaskLoss::ignored : parse_mask_loss(o.mask_loss);
  if (o.inpaint.grid && !o.retain_file.empty())
    throw InputError("[inpaint] --compat grid retains nothing; leave --retain out");
  const std::string model_says =
      o.compat.empty()
          ? apply_model_defaults(command, o.run.common.model_path(), "erase inpaint", o.run.params)
          : "";
  if (o.inpaint.grid) {
    o.run.default_to_adamw(command);
    o.resolve({1e-5, 2, 500, 1}, "phrasing");
  } else {
    o.resolve({1e-5, 1, 500, 1}, "concept");
  }
  if (o.masks.empty()) o.masks = {"grid"};
  TrainingRun run(o.run);
  o.esd.size = run.size();
  if (o.esd.cache.empty()) o.esd.cache = run.folder() / "trajectories";
  o.inpaint.esd = o.esd;
  o.inpaint.masks = masks_of(o, run, run.progress());
  Trainables trainables = run.trainables(ModelPart::unet, o.esd.seed);
  Inpaint method(run.device(), run.model(), run.text(), trainables, o.inpaint, run.model_hash());
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(o.loop());
  task.published_evaluations = [&](int64_t iterations) {
    return Inpaint::published_evaluations(iterations * o.esd.batch * o.run.train.accumulate);
  };
  run.train(task);
}

}  // namespace

void add_inpaint(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<EraseInpaintOptions>();
  o->run.observer = observer;
  o->run.params = "x";
  o->inpaint.neutral = "a landscape painting";
  CLI::App* c = erase.add_subcommand(
      "inpaint", "Inpainting Erasure: erase inside masks, keep the model's own picture outside");
  o->add_to(*c, 500);
  texts_option(*c, "--mask", o->masks,
               "Where to erase; several are drawn in turn: grid (nine cells and the centre, the "
               "default), left, right, top, bottom, center, cell:R,C, rect:X,Y,W,H, circle:X,Y,R "
               "or a picture, white inside");
  option(*c, "--mask-loss", o->mask_loss,
         "Keep the model's own prediction outside the mask, or ask nothing there",
         "both|inside-only")
      ->capture_default_str();
  option(*c, "--outside-weight", o->inpaint.outside_weight, "Weight of what lies outside", "X")
      ->capture_default_str();
  option(*c, "--compat", o->compat,
         "grid: the published scripts (pure noise, a neutral prompt, masks that are not used)",
         "grid");
  option(*c, "--neutral", o->inpaint.neutral, "Their neutral prompt", "TEXT")
      ->capture_default_str();
  c->footer(
      "Weights know no places: to confine an edit to a part of a picture, draw with\n"
      "  lacuna sample \"a red circle left of a blue square\" --edit FILE --region left");
  c->callback([o, c] { erase_inpaint(*o, *c); });
}

}  // namespace lacuna
