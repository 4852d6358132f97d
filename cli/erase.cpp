#include "cli/erase.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/common.h"
#include "cli/erase_closed.h"
#include "cli/erase_output.h"
#include "cli/interrupt.h"
#include "cli/model_defaults.h"
#include "cli/profile.h"
#include "cli/progress.h"
#include "cli/prompts.h"
#include "cli/table.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "erase/edit.h"
#include "erase/esd.h"
#include "erase/fingerprint.h"
#include "erase/selection.h"
#include "erase/train.h"

namespace lacuna {
namespace {

struct EraseOptions {
  ModelOptions common;
  EsdOptions esd;
  TrainOptions train;
  std::string params = "x", trajectory, compat, direction, decay = "constant", optimizer = "adam";
  std::string prompts_file, retain_file, size, out = "edit.safetensors", run, precision_out = "f16";
  std::optional<double> eta, learning_rate;
  std::optional<int64_t> iterations, batch, retain_batch;
  int64_t rank = 0;
  bool resume = false, force = false, plan_only = false, json = false, profile = false;
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

std::vector<std::string> prompts_of(const std::string& file) {
  std::vector<std::string> prompts;
  if (file.empty()) return prompts;
  for (PromptLine& line : read_prompts(file)) prompts.push_back(std::move(line.prompt));
  if (prompts.empty()) throw InputError("[erase] {} holds no prompt", file);
  return prompts;
}

void resolve(EraseOptions& o) {
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
  o.train.learning_rate = o.learning_rate.value_or(d.learning_rate);
  o.train.iterations = o.iterations.value_or(d.iterations);
  o.train.decay = parse_decay(o.decay);
  if (o.optimizer != "adam" && o.optimizer != "adamw")
    throw InputError("[train] --optimizer '{}' is unknown; choose adam or adamw", o.optimizer);
  o.train.decoupled = o.optimizer == "adamw";
  if (o.rank < 0 || o.rank > 4096)
    throw InputError(
        "[train] --rank {} is out of range; 1 to 128 are usual, 0 trains the weights "
        "themselves",
        o.rank);
  o.esd.prompts = prompts_of(o.prompts_file);
  // The published programs know one text.
  const bool published = o.esd.compat != EsdCompat::none;
  o.esd.direction = parse_direction(!o.direction.empty() ? o.direction
                                    : published          ? "phrasing"
                                                         : "concept");
  o.esd.retain = prompts_of(o.retain_file);
  o.esd.retain_batch = o.esd.retain.empty() ? 0 : o.retain_batch.value_or(o.esd.batch);
  o.esd.check();
  o.train.check();
}

void erase_esd(EraseOptions& o, CLI::App& command) {
  const double begin = wall_seconds(), cpu_begin = cpu_seconds();
  const std::filesystem::path model_folder = o.common.model_folder();
  const std::string model_says =
      o.compat.empty() ? apply_model_defaults(command, model_folder, "erase esd", o.params) : "";
  resolve(o);
  const std::filesystem::path out = o.out;
  if (!o.plan_only) check_edit_output(out, o.resume || o.force);
  const FileDType type = parse_edit_type(o.precision_out);
  const std::unique_ptr<Device> device =
      Device::open({.selector = o.common.device, .count_only = o.plan_only});
  StableDiffusion model(*device, model_folder, parse_precision(o.common.precision));
  const auto [width, height] = size_or_default(o.size, model);
  o.esd.size = model.latent_size(width, height);

  const std::vector<std::string> names =
      select(parameters_of(model.unet_weights().file()), o.params);
  Trainables trainables(*device, model.unet_weights(), names, o.rank, o.esd.seed);
  const std::string base_hash = o.plan_only ? "" : fingerprint(model.unet_weights().file());
  const std::string model_hash =
      o.plan_only ? "" : base_hash + fingerprint(model.text_weights().file());
  const std::filesystem::path run =
      o.run.empty() ? out.parent_path() / (out.stem() += ".run") : std::filesystem::path(o.run);
  if (o.esd.cache.empty()) o.esd.cache = run / "trajectories";
  TextCache text(model);
  Esd method(*device, model, text, trainables, o.esd, model_hash);

  Progress progress("erasing", o.train.iterations, o.json);
  const std::string what = fmt::format("{} {} ({} tensors, {} numbers{})", model.name(), o.params,
                                       trainables.tensors(), with_commas(trainables.scalars()),
                                       o.rank > 0 ? fmt::format(", LoRA of rank {}", o.rank) : "");
  if (!o.json) {
    progress.say(fmt::format("{} in {} on {}", what, name_of(model.dtype()), device->info().name));
    progress.say(method.sentence());
    if (!model_says.empty()) progress.say("the model's own defaults: " + model_says);
    progress.say(fmt::format(
        "{} iterations of {} examples{}, {} at {:g}", o.train.iterations,
        method.batch() * o.train.accumulate,
        o.esd.retain_batch > 0
            ? fmt::format(" ({} of them retained)", o.esd.retain_batch * o.train.accumulate)
            : "",
        o.train.decoupled ? "AdamW" : "Adam", o.train.learning_rate));
  }
  if (o.plan_only) {
    method.reserve();
    const Trainer trainer(*device, method, trainables, o.train);
    progress.finish();
    report_memory_plan(*device, model, trainables, trainer.placement(), o.json);
    return;
  }

  RunFolder folder(run, o.resume, o.force);
  const OptionTexts identity = {{edit_key::base_hash, base_hash},
                                {"params", o.params},
                                {"rank", std::to_string(o.rank)},
                                {"precision", name_of(model.dtype())}};
  const auto tell = [&](const std::string& phase, int64_t done, int64_t total) {
    progress.restart(phase, total);
    const auto& losses = folder.losses();
    progress.update(done, losses.empty() ? "" : fmt::format("loss {:.4g}", losses.back().loss));
    return !interrupted();
  };
  progress.event({{"event", "start"}, {"sentence", method.sentence()}, {"run", display(run)}});
  try {
    train(*device, method, trainables, o.train, identity, folder, tell);
  } catch (const Stopped&) {
    progress.finish();
    progress.say(fmt::format("the state is in {}; go on with --resume", display(run)));
    throw Interrupted{};
  }
  progress.finish();
  SafeTensors::Metadata metadata = {{edit_key::software, "lacuna " LACUNA_VERSION},
                                    {edit_key::method, method.name()},
                                    {edit_key::base_hash, base_hash},
                                    {edit_key::base_name, model.name()}};
  OptionTexts all = method.options();
  all.merge(o.train.texts());
  all["params"] = o.params;
  all["rank"] = std::to_string(o.rank);
  for (const auto& [key, value] : all)
    if (!value.empty()) metadata[edit_key::options + key] = value;
  write_edit(out, trainables, type, metadata);
  folder.draw_losses(fmt::format("ESD: {}", all["concept"]));

  const int64_t examples = method.batch() * o.train.accumulate;
  const double training = 3.0 * static_cast<double>(o.train.iterations * examples);
  const double ours = static_cast<double>(method.evaluations()) + training;
  const double published =
      Esd::published_evaluations(o.train.iterations * o.esd.batch * o.train.accumulate);
  const double seconds = wall_seconds() - begin, cpu = cpu_seconds() - cpu_begin;
  progress.say(fmt::format("{}  {} tensors", display(out), trainables.tensors()));
  progress.say(fmt::format("{}  log, loss curve and state", display(run)));
  progress.say(fmt::format(
      "{} UNet evaluations ({} sampling, {} training with backward as two), {:.0f} % of the "
      "published loop's {} for as many examples",
      with_commas(std::llround(ours)), with_commas(method.evaluations()),
      with_commas(std::llround(training)), 100 * ours / published,
      with_commas(std::llround(published))));
  progress.say(fmt::format("{:.1f} s ({:.1f} CPU s), at most {:.1f} MiB on the device", seconds,
                           cpu, device->peak_bytes() / 1048576.0));
  progress.event({{"event", "done"},
                  {"edit", display(out)},
                  {"unet_evaluations", ours},
                  {"published_unet_evaluations", published},
                  {"seconds", seconds},
                  {"cpu_seconds", cpu},
                  {"peak_bytes", device->peak_bytes()}});
  if (!o.profile) return;
  Trainer trainer(*device, method, trainables, o.train);
  print_training_profile(model, text, trainer, method, o.esd.size);
}

template <typename T>
CLI::Option* option(CLI::App& c, const char* name, T& value, const char* help, const char* type) {
  return c.add_option(name, value, help)->type_name(type);
}

void add_esd(CLI::App& erase) {
  auto o = std::make_shared<EraseOptions>();
  CLI::App* c = erase.add_subcommand("esd",
                                     "Erased Stable Diffusion: train the concept away from "
                                     "the model's own predictions");
  option(*c, "--concept", o->esd.concepts, "What to erase; may be given several times", "TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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
  option(*c, "--params", o->params,
         "What to train: x, x-strict, u, self, full or a pattern, see "
         "`lacuna layers`",
         "SET|PATTERN")
      ->capture_default_str();
  option(*c, "--rank", o->rank, "Train a LoRA of this rank instead of the weights", "N");
  option(*c, "--eta", o->eta, "How far to push away from the concept (default: 1)", "X");
  option(*c, "--iterations", o->iterations, "Updates (default: 1000)", "N");
  option(*c, "--lr", o->learning_rate, "Learning rate (default: 1e-5)", "X");
  option(*c, "--batch", o->batch, "Examples of the concept at a time (default: 1)", "N");
  option(*c, "--retain-batch", o->retain_batch, "Retained examples at a time (default: as --batch)",
         "N");
  option(*c, "--accumulate", o->train.accumulate, "Batches for one update", "N")
      ->capture_default_str();
  option(*c, "--optimizer", o->optimizer, "Adam with or without decoupled decay", "adam|adamw")
      ->capture_default_str();
  option(*c, "--weight-decay", o->train.weight_decay, "Weight decay", "X")->capture_default_str();
  option(*c, "--schedule", o->decay, "Learning rate over time", "constant|linear|cosine")
      ->capture_default_str();
  option(*c, "--warmup", o->train.warmup, "Iterations of linear warm-up", "N")
      ->capture_default_str();
  option(*c, "--clip", o->train.clip, "Largest norm of the gradient; 0: any", "X")
      ->capture_default_str();
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
  option(*c, "--seed", o->esd.seed, "Seed of everything random", "N")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))
      ->capture_default_str();
  option(*c, "--size", o->size, "Size in pixels (default: what the model was trained for)", "WxH");
  option(*c, "--out", o->out, "The edit", "FILE")->capture_default_str();
  option(*c, "--save-type", o->precision_out, "Numbers in the edit", "f16|f32")
      ->capture_default_str();
  option(*c, "--run", o->run, "Folder of log, loss curve and state (default: OUT.run)", "DIR");
  option(*c, "--cache", o->esd.cache, "Folder of trajectories (default: in the run's folder)",
         "DIR");
  option(*c, "--save-every", o->train.save_every, "Iterations between save points", "N")
      ->capture_default_str();
  c->add_flag("--resume", o->resume, "Go on with the run in the folder");
  c->add_flag("--force", o->force, "Replace an edit and a run that exist");
  c->add_flag("--recompute", o->train.recompute,
              "Less memory for one more forward pass: compute activations again");
  c->add_flag("--plan-only", o->plan_only, "Print the memory that a run needs, and stop");
  o->common.add_to(*c);
  CLI::Option* json = c->add_flag("--json", o->json, "Report events as JSON, one object a line");
  c->add_flag("--profile", o->profile, "Then measure an iteration and each of its ops")
      ->excludes(json);
  c->callback([o, c] { erase_esd(*o, *c); });
}

}  // namespace

void add_erase(CLI::App& app) {
  CLI::App* erase = app.add_subcommand("erase", "Erase a concept: make an edit of a model");
  erase->require_subcommand(1);
  add_esd(*erase);
  add_erase_closed(*erase);
}

}  // namespace lacuna
