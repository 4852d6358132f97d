#include "cli/erase_esd.h"

#include <fmt/format.h>

#include <optional>

#include "cli/model_defaults.h"
#include "cli/training_run.h"
#include "engine/error.h"
#include "erase/esd.h"

namespace lacuna {
namespace {

struct EraseEsdOptions {
  TrainingOptions run;
  EsdOptions esd;
  std::string trajectory, compat, direction, prompts_file, retain_file;
  std::optional<double> eta;
  std::optional<int64_t> iterations, batch, retain_batch;
};

// What holds where neither the user nor the model says anything: what the published program uses,
// and the paper's numbers for lacuna's own loop.
struct Defaults {
  double learning_rate, eta;
  int64_t iterations, batch;
};

Defaults defaults_of(EsdCompat compat) {
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
  const Defaults d = defaults_of(o.esd.compat);
  o.esd.eta = o.eta.value_or(d.eta);
  o.esd.batch = o.batch.value_or(d.batch);
  o.run.train.iterations = o.iterations.value_or(d.iterations);
  o.esd.prompts = prompts_of(o.prompts_file);
  // The published programs know one text.
  const bool published = o.esd.compat != EsdCompat::none;
  o.esd.direction = parse_direction(!o.direction.empty() ? o.direction
                                    : published          ? "phrasing"
                                                         : "concept");
  o.esd.retain = prompts_of(o.retain_file);
  o.esd.retain_batch = o.esd.retain.empty() ? 0 : o.retain_batch.value_or(o.esd.batch);
  o.esd.check();
  o.run.resolve(d.learning_rate);
}

void erase_esd(EraseEsdOptions& o, CLI::App& command) {
  const std::string model_says =
      o.compat.empty()
          ? apply_model_defaults(command, o.run.common.model_folder(), "erase esd", o.run.params)
          : "";
  resolve(o);
  TrainingRun run(o.run);
  o.esd.size = run.size();
  if (o.esd.cache.empty()) o.esd.cache = run.folder() / "trajectories";
  Trainables trainables = run.trainables(ModelPart::unet, o.esd.seed);
  Esd method(run.device(), run.model(), run.text(), trainables, o.esd, run.model_hash());
  const TrainOptions& t = o.run.train;
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(fmt::format(
      "{} iterations of {} examples{}, {} at {:g}", t.iterations, method.batch() * t.accumulate,
      o.esd.retain_batch > 0
          ? fmt::format(" ({} of them retained)", o.esd.retain_batch * t.accumulate)
          : "",
      t.decoupled ? "AdamW" : "Adam", t.learning_rate));
  task.published_evaluations = [&](int64_t iterations) {
    return Esd::published_evaluations(iterations * o.esd.batch * t.accumulate);
  };
  run.train(task);
}

}  // namespace

void add_esd(CLI::App& erase) {
  auto o = std::make_shared<EraseEsdOptions>();
  o->run.params = "x";
  CLI::App* c = erase.add_subcommand("esd",
                                     "Erased Stable Diffusion: train the concept away from "
                                     "the model's own predictions");
  texts_option(*c, "--concept", o->esd.concepts, "What to erase; may be given several times");
  option(*c, "--from", o->esd.from, "Erase it from this parent text (default: from itself)",
         "TEXT");
  option(*c, "--prompts", o->prompts_file,
         "Phrasings of the concept, one a line, used instead of it", "FILE");
  option(*c, "--direction", o->direction,
         "What a phrasing is pushed away from: the concept that it names, so that what else it "
         "says stays, or the whole phrasing (default: concept; with --compat phrasing)",
         "concept|phrasing");
  option(*c, "--retain", o->retain_file, "Prompts that must stay as they are, one a line", "FILE");
  option(*c, "--retain-weight", o->esd.retain_weight, "Weight of the retained prompts", "X")
      ->capture_default_str();
  option(*c, "--params", o->run.params,
         "What to train: x, x-strict, u, self, full or a pattern, see "
         "`lacuna layers`",
         "SET|PATTERN")
      ->capture_default_str();
  option(*c, "--eta", o->eta, "How far to push away from the concept (default: 1)", "X");
  option(*c, "--iterations", o->iterations, "Updates (default: 1000)", "N");
  option(*c, "--batch", o->batch, "Examples of the concept at a time (default: 1)", "N");
  option(*c, "--retain-batch", o->retain_batch, "Retained examples at a time (default: as --batch)",
         "N");
  option(*c, "--start-guidance", o->esd.start_guidance, "Guidance of the sampled latents", "X")
      ->capture_default_str();
  option(*c, "--steps", o->esd.steps, "Steps of the sampled latents", "N")->capture_default_str();
  option(*c, "--trajectory", o->trajectory,
         "Who samples the latents: frozen (once, kept) or edited (the paper's loop)",
         "frozen|edited");
  option(*c, "--retain-neutral", o->esd.retain_neutral,
         "Share of retained examples with the empty prompt, which guidance leans on", "X")
      ->capture_default_str();
  option(*c, "--retain-steps", o->esd.retain_steps, "Steps of retained latents", "N")
      ->capture_default_str();
  option(*c, "--trajectories", o->esd.trajectories,
         "Frozen trajectories to sample (default: one a prompt, about 20 at least)", "N");
  option(*c, "--retain-trajectories", o->esd.retain_trajectories, "The same for retained prompts",
         "N");
  option(*c, "--compat", o->compat,
         "Loop, timesteps and defaults of a published program: the first code (paper), esd_sd.py "
         "(repo) or alt_esd_diffusers.py (alt)",
         "paper|repo|alt");
  option(*c, "--cache", o->esd.cache, "Folder of trajectories (default: in the run's folder)",
         "DIR");
  option(*c, "--save-every", o->run.train.save_every, "Iterations between save points", "N")
      ->capture_default_str();
  seed_option(*c, o->esd.seed);
  o->run.add_to(*c);
  c->callback([o, c] { erase_esd(*o, *c); });
}

}  // namespace lacuna
