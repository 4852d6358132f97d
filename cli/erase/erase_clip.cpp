#include "cli/erase/erase_clip.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "cli/erase/layers.h"
#include "cli/model_defaults.h"
#include "erase/edits/export_encoder.h"
#include "erase/methods/clip.h"
#include "erase/range.h"
#include "jobs/erase/epoch_curve.h"
#include "jobs/erase/training_run.h"
#include "jobs/picture_options.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_iterations = 10'000'000;

struct EraseClipOptions {
  TrainingOptions run;
  ClipOptions clip;
  PictureOptions pictures;
  std::string loss = "ascent", prompts_file, retain_file, compat, encoder;
  int64_t epochs = 50, retain_batch = 16, export_epoch = 0;
  std::optional<double> stop_pull;
};

// What the notebook of LETHE does: its loop that should freeze names an attribute that PyTorch does
// not know, so that everything is trained.
void as_lethe(EraseClipOptions& o, const CLI::App& command) {
  for (const char* other : {"--retain", "--loss", "--stop-pull"})
    if (command.count(other) > 0)
      throw InputError("[clip] --compat lethe knows no {}; leave one of the two out", other);
  if (command.count("--layers") == 0) o.run.params = "full";
}

void resolve(EraseClipOptions& o) {
  o.clip.loss = parse_clip_loss(o.loss);
  o.clip.prompts = prompts_of(o.prompts_file);
  o.clip.retain = prompts_of(o.retain_file);
  o.clip.retain_batch = o.clip.retain.empty() ? 0 : o.retain_batch;
  check_range("clip", "--epochs", static_cast<double>(o.epochs), 1, 100'000, "10 to 100 are usual");
  if (o.stop_pull)
    check_range("clip", "--stop-pull", *o.stop_pull, -100, 10,
                "it is 1 at the beginning, and 0 where the concept is gone");
  o.clip.pull = o.clip.pull || o.stop_pull.has_value();
  o.pictures.check();
  if (o.clip.loss == ClipLoss::esd && o.pictures.given())
    throw InputError("[clip] --loss esd samples its own latents; leave --images and --make out");
  o.clip.check();
}

// Numbers as wide as the last one's, so that files sort by epoch.
fs::path epoch_file(const EraseClipOptions& o, const fs::path& folder, int64_t epoch) {
  return folder / fmt::format("epoch-{:0{}}.safetensors", epoch, std::to_string(o.epochs).size());
}

void export_from(const EraseClipOptions& o, TrainingRun& run, int64_t last) {
  const int64_t epoch = o.export_epoch > 0 ? o.export_epoch : last;
  const fs::path file = epoch_file(o, run.folder(), epoch);
  if (!fs::exists(file))
    throw InputError("[clip] --export-epoch {}: the run has epochs 1 to {}", epoch, last);
  const Edit edit = Edit::open(file);
  export_encoder(run.model().text_weights().file(), part(run.model().path(), "text_encoder"),
                 {&edit, 1}, o.encoder, o.run.force);
  run.progress().say(fmt::format("{}  the text encoder of epoch {}", o.encoder, epoch));
}

void erase_clip(EraseClipOptions& o, CLI::App& command) {
  std::string model_says;
  if (o.compat.empty())
    model_says =
        apply_model_defaults(command, o.run.common.model_path(), "erase clip", o.run.params);
  else if (o.compat == "lethe")
    as_lethe(o, command);
  else
    throw InputError("[clip] --compat '{}' is unknown; choose lethe", o.compat);
  resolve(o);
  o.run.train.iterations = most_iterations;  // known once the pictures are
  o.run.resolve(1e-5);
  TrainingRun run(o.run);
  o.clip.size = run.size();
  if (o.clip.cache.empty()) o.clip.cache = run.folder() / "trajectories";
  o.pictures.take(o.clip, run.model(), run.progress());
  Trainables trainables = run.trainables(ModelPart::text, o.clip.seed);
  Clip method(run.model(), run.text(), trainables, o.clip, run.model_hash());

  const int64_t per_epoch =
      (method.per_epoch() + o.run.train.accumulate - 1) / o.run.train.accumulate;
  run.set_iterations(o.epochs * per_epoch);
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(fmt::format(
      "{} epochs of {} iterations of {} examples, {} at {:g}{}", o.epochs, per_epoch,
      o.clip.batch * o.run.train.accumulate, o.run.optimizer, o.run.train.learning_rate,
      o.stop_pull ? fmt::format(", until the concept's pull is {:g}", *o.stop_pull) : ""));
  if (o.clip.loss == ClipLoss::ascent)
    task.published_evaluations = [&](int64_t iterations) {
      return 3.0 * static_cast<double>(iterations * o.clip.batch * o.run.train.accumulate);
    };
  task.milestone_every = per_epoch;
  task.at_milestone = [&](int64_t iterations, RunFolder& folder) {
    const int64_t epoch = iterations / per_epoch;
    const fs::path file = epoch_file(o, run.folder(), epoch);
    run.write(file, task, {{"epoch", std::to_string(epoch)}});
    nlohmann::ordered_json event = {
        {"event", "epoch"}, {"epoch", epoch}, {"iteration", iterations}};
    std::string line = fmt::format("{}  epoch {}", display(file), epoch);
    double pull = 1;
    if (o.clip.pull) {
      event["pull"] = pull = method.pull();
      line += fmt::format(", pull of the concept {:.3f}", pull);
    }
    if (o.clip.retain_batch > 0) {
      const double drift = method.drift();
      event["drift"] = drift;
      line += fmt::format(", retained texts moved by {:.1f} %", 100 * drift);
    }
    folder.log(event);
    run.progress().say(line);
    return !(o.stop_pull && pull <= *o.stop_pull);
  };
  run.train(task);
  if (o.run.plan_only) return;
  draw_epochs(run.folder(), fmt::format("clip: {}", method.options().at("concept")));
  if (!o.encoder.empty()) export_from(o, run, last_epoch(run.folder()));
}

}  // namespace

void add_clip(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<EraseClipOptions>();
  o->run.observer = observer;
  o->run.params = "mlp-final-attn";
  CLI::App* c = erase.add_subcommand(
      "clip", "Text-encoder erasure: unlearn a colour, a shape or a texture in CLIP's layers");
  texts_option(*c, "--concept", o->clip.concepts,
               "What to erase: the caption of the pictures; may be given several times");
  option(*c, "--prompts", o->prompts_file, "Captions with the concept in them, one a line", "FILE");
  o->pictures.add_to(*c);
  option(*c, "--flip", o->clip.flip, "Share of the pictures that is mirrored", "X")
      ->capture_default_str();
  option(*c, "--loss", o->loss,
         "Ascent on the denoising loss of the pictures, or ESD's target on the model's own latents",
         "ascent|esd")
      ->capture_default_str();
  option(*c, "--layers", o->run.params,
         "What to train: layers of the text encoder (7 or 0-11), a set or a pattern, see `lacuna "
         "layers --part text`",
         "SET|PATTERN")
      ->capture_default_str();
  option(*c, "--epochs", o->epochs,
         "How often every picture (or trajectory) is used: the strength of ascent", "N")
      ->capture_default_str();
  option(*c, "--batch", o->clip.batch, "Examples at a time", "N")->capture_default_str();
  c->add_flag("--pull", o->clip.pull,
              "Measure at every epoch how much of the concept's pull is left, for 8 UNet "
              "evaluations");
  option(*c, "--stop-pull", o->stop_pull,
         "Stop at the first epoch where it is at most this: 1 is the original, 0 nothing", "X");
  option(*c, "--retain", o->retain_file, "Prompts whose text states must stay, one a line", "FILE");
  option(*c, "--retain-weight", o->clip.retain_weight, "Weight of the retained prompts", "X")
      ->capture_default_str();
  option(*c, "--retain-batch", o->retain_batch, "Retained prompts at a time", "N")
      ->capture_default_str();
  option(*c, "--eta", o->clip.eta, "With esd: how far to push away from the concept", "X")
      ->capture_default_str();
  option(*c, "--steps", o->clip.steps, "With esd: steps of the sampled latents", "N")
      ->capture_default_str();
  option(*c, "--start-guidance", o->clip.start_guidance, "With esd: their guidance", "X")
      ->capture_default_str();
  option(*c, "--trajectories", o->clip.trajectories,
         "With esd: how many are sampled (default: one a caption, about 20 at least)", "N");
  option(*c, "--cache", o->clip.cache, "Folder of trajectories (default: in the run's folder)",
         "DIR");
  option(*c, "--compat", o->compat,
         "lethe: the published notebook, which trains all weights (give its pictures with "
         "--images)",
         "lethe");
  option(*c, "--export-encoder", o->encoder,
         "Also write a transformers folder (CLIPTextModel) of an epoch", "DIR");
  option(*c, "--export-epoch", o->export_epoch, "Which (default: the last)", "N");
  option(*c, "--save-every", o->run.train.save_every,
         "Iterations between resumable states (edits: every epoch)", "N")
      ->capture_default_str();
  seed_option(*c, o->clip.seed);
  o->run.add_to(*c);
  c->footer("Sets of the text encoder:\n" + sets_help(ModelPart::text) +
            "Every epoch leaves an edit, RUN/epoch-N.safetensors. Choose by eye:\n"
            "  lacuna sample \"a red circle\" --edit RUN/epoch-*.safetensors --grid --count 4");
  c->callback([o, c] { erase_clip(*o, *c); });
}

}  // namespace lacuna
