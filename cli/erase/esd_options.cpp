#include "cli/erase/esd_options.h"

#include <fmt/format.h>

#include "base/error.h"

namespace lacuna {

void EsdVerbOptions::add_to(CLI::App& c, int64_t usual_iterations) {
  texts_option(c, "--concept", esd.concepts, "What to erase; may be given several times");
  option(c, "--from", esd.from, "Erase it from this parent text (default: from itself)", "TEXT");
  option(c, "--prompts", prompts_file, "Phrasings of the concept, one a line, used instead of it",
         "FILE");
  option(c, "--direction", direction,
         "What a phrasing is pushed away from: the concept that it names, so that what else it "
         "says stays, or the whole phrasing (default: concept; with --compat phrasing)",
         "concept|phrasing");
  option(c, "--retain", retain_file, "Prompts that must stay as they are, one a line", "FILE");
  option(c, "--retain-weight", esd.retain_weight, "Weight of the retained prompts", "X")
      ->capture_default_str();
  option(c, "--params", run.params,
         "What to train: x, x-strict, u, self, full or a pattern, see "
         "`lacuna layers`",
         "SET|PATTERN")
      ->capture_default_str();
  option(c, "--eta", eta, "How far to push away from the concept (default: 1)", "X");
  option(c, "--iterations", iterations,
         fmt::format("Updates (default: {})", usual_iterations).c_str(), "N");
  option(c, "--batch", batch, "Examples of the concept at a time (default: 1)", "N");
  option(c, "--retain-batch", retain_batch, "Retained examples at a time (default: as --batch)",
         "N");
  option(c, "--start-guidance", esd.start_guidance, "Guidance of the sampled latents", "X")
      ->capture_default_str();
  option(c, "--steps", esd.steps, "Steps of the sampled latents", "N")->capture_default_str();
  option(c, "--retain-neutral", esd.retain_neutral,
         "Share of retained examples with the empty prompt, which guidance leans on", "X")
      ->capture_default_str();
  option(c, "--retain-steps", esd.retain_steps, "Steps of retained latents", "N")
      ->capture_default_str();
  option(c, "--trajectories", esd.trajectories,
         "Frozen trajectories to sample (default: one a prompt, about 20 at least)", "N");
  option(c, "--retain-trajectories", esd.retain_trajectories, "The same for retained prompts", "N");
  option(c, "--cache", esd.cache, "Folder of trajectories (default: in the run's folder)", "DIR");
  option(c, "--save-every", run.train.save_every, "Iterations between save points", "N")
      ->capture_default_str();
  seed_option(c, esd.seed);
  run.add_to(c);
}

void EsdVerbOptions::resolve(const EsdDefaults& d, const char* usual_direction) {
  esd.eta = eta.value_or(d.eta);
  esd.batch = batch.value_or(d.batch);
  run.train.iterations = iterations.value_or(d.iterations);
  esd.prompts = prompts_of(prompts_file);
  esd.direction = parse_direction(direction.empty() ? usual_direction : direction);
  esd.retain = prompts_of(retain_file);
  esd.retain_batch = esd.retain.empty() ? 0 : retain_batch.value_or(esd.batch);
  esd.check();
  run.resolve(d.learning_rate);
}

std::string EsdVerbOptions::loop() const {
  const TrainOptions& t = run.train;
  return fmt::format("{} iterations of {} examples{}, {} at {:g}", t.iterations,
                     (esd.batch + esd.retain_batch) * t.accumulate,
                     esd.retain_batch > 0
                         ? fmt::format(" ({} of them retained)", esd.retain_batch * t.accumulate)
                         : "",
                     t.decoupled ? "AdamW" : "Adam", t.learning_rate);
}

}  // namespace lacuna
