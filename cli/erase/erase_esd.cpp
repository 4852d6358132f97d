#include "cli/erase/erase_esd.h"

#include "base/error.h"
#include "cli/erase/esd_options.h"
#include "cli/model_defaults.h"
#include "erase/methods/esd.h"

namespace lacuna {
namespace {

struct EraseEsdOptions : EsdVerbOptions {
  std::string trajectory, compat;
};

// What the published program uses, and the paper's numbers for lacuna's own loop.
EsdDefaults defaults_of(EsdCompat compat) {
  switch (compat) {
    case EsdCompat::repo:
      return {5e-5, 1, 200, 1};
    case EsdCompat::alt:
      return {2e-5, 2, 200, 1};
    case EsdCompat::paper:
    case EsdCompat::none:
      break;
  }
  return {1e-5, 1, 1000, 1};
}

void resolve(EraseEsdOptions& o) {
  o.esd.compat = o.compat.empty() ? EsdCompat::none : parse_esd_compat(o.compat);
  if (o.trajectory == "edited") {
    if (o.esd.compat == EsdCompat::repo)
      throw InputError("[esd] --compat repo samples with the frozen model; leave --trajectory out");
    o.esd.trajectory = TrajectoryModel::edited;
  } else if (!o.trajectory.empty() && o.trajectory != "frozen") {
    throw InputError("[esd] --trajectory '{}' is unknown; choose frozen or edited", o.trajectory);
  }
  // The published programs know one text.
  o.EsdVerbOptions::resolve(defaults_of(o.esd.compat),
                            o.esd.compat != EsdCompat::none ? "phrasing" : "concept");
}

void erase_esd(EraseEsdOptions& o, CLI::App& command) {
  const std::string model_says =
      o.compat.empty()
          ? apply_model_defaults(command, o.run.common.model_path(), "erase esd", o.run.params)
          : "";
  resolve(o);
  TrainingRun run(o.run);
  o.esd.size = run.size();
  if (o.esd.cache.empty()) o.esd.cache = run.folder() / "trajectories";
  Trainables trainables = run.trainables(ModelPart::unet, o.esd.seed);
  Esd method(run.device(), run.model(), run.text(), trainables, o.esd, run.model_hash());
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(o.loop());
  task.published_evaluations = [&](int64_t iterations) {
    return Esd::published_evaluations(iterations * o.esd.batch * o.run.train.accumulate);
  };
  run.train(task);
}

}  // namespace

void add_esd(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<EraseEsdOptions>();
  o->run.observer = observer;
  o->run.params = "x";
  CLI::App* c = erase.add_subcommand("esd",
                                     "Erased Stable Diffusion: train the concept away from "
                                     "the model's own predictions");
  o->add_to(*c, 1000);
  option(*c, "--trajectory", o->trajectory,
         "Who samples the latents: frozen (once, kept) or edited (the paper's loop)",
         "frozen|edited");
  option(*c, "--compat", o->compat,
         "Loop, timesteps and defaults of a published program: the first code (paper), esd_sd.py "
         "(repo) or alt_esd_diffusers.py (alt)",
         "paper|repo|alt");
  c->callback([o, c] { erase_esd(*o, *c); });
}

}  // namespace lacuna
