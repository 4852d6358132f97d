#include "erase/methods/clip.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "erase/edits/export_encoder.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "jobs/erase/epoch_curve.h"
#include "jobs/erase/picture_options.h"
#include "jobs/erase/training_run.h"
#include "jobs/erase/verbs.h"
#include "jobs/model_defaults.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_iterations = 10'000'000;

enum class ClipCompat { none, lethe };

std::span<const Word> words(ClipCompat) {
  static constexpr Word all[] = {{"none", ClipCompat::none, false}, {"lethe", ClipCompat::lethe}};
  return all;
}

class EraseClip : public EraseVerb {
 public:
  EraseClip();
  std::string weights_field() const override { return "layers"; }
  void run() override;

 private:
  std::string resolve();  // what the model says
  void as_lethe();
  void train(TrainingRun& run, const std::string& model_says);
  bool end_of_epoch(TrainingRun& run, const TrainingTask& task, Clip& method, int64_t iterations,
                    RunFolder& folder) const;
  fs::path epoch_file(const fs::path& folder, int64_t epoch) const;
  void export_from(TrainingRun& run, int64_t last) const;

  TrainingOptions run_;
  ClipOptions clip_;
  PictureOptions pictures_;
  ClipCompat compat_ = ClipCompat::none;
  std::string prompts_file_, retain_file_, encoder_;
  int64_t epochs_ = 50, export_epoch_ = 0;
  std::optional<double> stop_pull_;
};

EraseClip::EraseClip()
    : EraseVerb("clip",
                "Text-encoder erasure: unlearn a colour, a shape or a texture in CLIP's layers") {
  Fields& f = fields;
  run_.params = "mlp-final-attn";
  clip_.retain_batch = 16;
  clip_.describe(f);
  f.group(group::what);
  f.add("prompts", prompts_file_, "FILE", "Captions with the concept in them, one a line");
  f.group(group::strength);
  f.add("epochs", epochs_, "N",
        "How often every picture (or trajectory) is used: the strength of ascent")
      .range(1, 100'000, "10 to 100 are usual")
      .from_model();
  f.add("stop-pull", stop_pull_, "X",
        "Stop after the first epoch that leaves the concept at most this much pull: 1 is the "
        "original's, 0 none")
      .range(-100, 10, "it is 1 at the beginning, and 0 if the concept is gone");
  f.group(group::keep);
  f.add("retain", retain_file_, "FILE",
        "Prompts whose text embeddings must stay as they are, one a line");
  pictures_.describe(f);
  f.add("compat", compat_,
        "lethe: as the published notebook does, which trains all weights (give its pictures with "
        "--images)");
  f.group(group::weights);
  f.add("layers", run_.params, "SET|PATTERN",
        "What to train: layers of the text encoder (7 or 0-11), a set or a pattern, see `lacuna "
        "layers --part text`");
  run_.describe(f);
  f.remove("iterations");
  f.group(group::output);
  f["save-every"].help(
      "Iterations between the states that a run can resume from (edits: every epoch)");
  f.add("export-encoder", encoder_, "DIR",
        "Also write a transformers folder (CLIPTextModel) of an epoch");
  f.add("export-epoch", export_epoch_, "N", "Which epoch it has").usually("the last");
  notes_ = "Sets of the text encoder:\n" + sets_text(ModelPart::text) +
           "Every epoch leaves an edit, RUN/epoch-N.safetensors. Choose by eye:\n"
           "  lacuna sample \"a red circle\" --edit RUN/epoch-*.safetensors --grid --count 4";
}

// What the notebook of LETHE does: its loop that should freeze names an attribute that PyTorch does
// not know, so that everything is trained.
void EraseClip::as_lethe() {
  for (const char* other : {"retain", "loss", "stop-pull"})
    if (fields.given(other))
      throw InputError("[clip] {} lethe knows no {}; leave one of the two out", option("compat"),
                       option(other));
  fields["layers"].suppose(run_.params, std::string("full"));
}

std::string EraseClip::resolve() {
  std::string model_says;
  if (compat_ == ClipCompat::lethe)
    as_lethe();
  else
    model_says = apply_model_defaults(fields, run_.common.model_path(), "erase clip", run_.params);
  clip_.prompts = prompts_of(prompts_file_);
  clip_.retain = prompts_of(retain_file_);
  if (clip_.retain.empty()) clip_.retain_batch = 0;
  clip_.pull = clip_.pull || stop_pull_.has_value();
  fields.check();
  pictures_.check();
  if (clip_.loss == ClipLoss::esd && pictures_.given())
    throw InputError("[clip] {} esd samples its own latents; leave {} and {} out", option("loss"),
                     option("images"), option("make"));
  clip_.check();
  run_.train.iterations = most_iterations;  // known once the pictures are
  run_.resolve(fields, 1e-5);
  return model_says;
}

// Numbers as wide as the last one's, so that files sort by epoch.
fs::path EraseClip::epoch_file(const fs::path& folder, int64_t epoch) const {
  return folder / fmt::format("epoch-{:0{}}.safetensors", epoch, std::to_string(epochs_).size());
}

void EraseClip::export_from(TrainingRun& run, int64_t last) const {
  const int64_t epoch = export_epoch_ > 0 ? export_epoch_ : last;
  const fs::path file = epoch_file(run.folder(), epoch);
  if (!fs::exists(file))
    throw InputError("[clip] {} {}: the run has epochs 1 to {}", option("export-epoch"), epoch,
                     last);
  const Edit edit = Edit::open(file);
  export_encoder(run.model().text_weights().file(), part(run.model().path(), "text_encoder"),
                 {&edit, 1}, encoder_, run_.force);
  run.progress().say(fmt::format("{}  the text encoder of epoch {}", encoder_, epoch));
}

bool EraseClip::end_of_epoch(TrainingRun& run, const TrainingTask& task, Clip& method,
                             int64_t iterations, RunFolder& folder) const {
  const int64_t epoch = iterations / task.milestone_every;
  const fs::path file = epoch_file(run.folder(), epoch);
  run.write(file, task, {{"epoch", std::to_string(epoch)}});
  nlohmann::ordered_json event = {{"event", "epoch"}, {"epoch", epoch}, {"iteration", iterations}};
  std::string line = fmt::format("{}  epoch {}", display(file), epoch);
  double pull = 1;
  if (clip_.pull) {
    event["pull"] = pull = method.pull();
    line += fmt::format(", pull of the concept {:.3f}", pull);
  }
  if (clip_.retain_batch > 0) {
    const double drift = method.drift();
    event["drift"] = drift;
    line += fmt::format(", retained texts moved by {:.1f} %", 100 * drift);
  }
  folder.log(event);
  run.progress().say(line);
  return !(stop_pull_ && pull <= *stop_pull_);
}

void EraseClip::train(TrainingRun& run, const std::string& model_says) {
  Trainables trainables = run.trainables(ModelPart::text, clip_.seed);
  Clip method(run.model(), run.text(), trainables, clip_, run.model_hash());
  const int64_t accumulate = run_.train.accumulate;
  const int64_t per_epoch = (method.per_epoch() + accumulate - 1) / accumulate;
  run.set_iterations(epochs_ * per_epoch);
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(fmt::format(
      "{} epochs of {} iterations of {} examples, {} at {:g}{}", epochs_, per_epoch,
      clip_.batch * accumulate, fields["optimizer"].text(), run_.train.learning_rate,
      stop_pull_ ? fmt::format(", until the concept's pull is {:g}", *stop_pull_) : ""));
  if (clip_.loss == ClipLoss::ascent)
    task.published_evaluations = [&](int64_t iterations) {
      return 3.0 * static_cast<double>(iterations * clip_.batch * accumulate);
    };
  task.milestone_every = per_epoch;
  task.at_milestone = [&](int64_t iterations, RunFolder& folder) {
    return end_of_epoch(run, task, method, iterations, folder);
  };
  run.train(task);
  if (!run_.plan_only)
    draw_epochs(run.folder(), fmt::format("clip: {}", method.options().at("concept")));
}

void EraseClip::run() {
  run_.observer = observer;
  const std::string model_says = resolve();
  TrainingRun run(run_);
  clip_.size = run.size();
  if (clip_.cache.empty()) clip_.cache = run.folder() / "trajectories";
  pictures_.take(clip_, run.model(), run.progress());
  train(run, model_says);
  if (!run_.plan_only && !encoder_.empty()) export_from(run, last_epoch(run.folder()));
}

}  // namespace

std::unique_ptr<EraseVerb> clip_verb() { return std::make_unique<EraseClip>(); }

}  // namespace lacuna
