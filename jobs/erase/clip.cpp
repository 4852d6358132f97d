#include "erase/methods/clip.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/edits/export_encoder.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "jobs/erase/auto_lists.h"
#include "jobs/erase/clip_defaults.h"
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
  void resolve_found();
  void find_anchors();
  void find(TrainingRun& run);
  void as_lethe();
  void train(TrainingRun& run, const std::string& model_says);
  bool end_of_epoch(TrainingRun& run, const TrainingTask& task, Clip& method, int64_t iterations,
                    RunFolder& folder);
  fs::path epoch_file(const fs::path& folder, int64_t epoch) const;
  void export_from(TrainingRun& run, int64_t last) const;

  TrainingOptions run_;
  ClipOptions clip_;
  PictureOptions pictures_;
  ClipCompat compat_ = ClipCompat::none;
  AutoLists lists_;
  bool found_ = false;
  std::string prompts_file_, retain_file_, anchor_, encoder_;
  int64_t epochs_ = 50, export_epoch_ = 0;
  std::optional<double> stop_pull_;
};

EraseClip::EraseClip()
    : EraseVerb("clip",
                "Text-encoder erasure: unlearn a colour, a shape or a texture in CLIP's layers") {
  Fields& f = fields;
  run_.params = clip_defaults::layers;
  clip_.retain_batch = clip_defaults::retain_batch;
  clip_.describe(f);
  f.group(group::what);
  f.add("prompts", prompts_file_, "FILE", "Captions with the concept in them, one a line");
  f.add("anchor", anchor_, "TEXT", "With states: what takes the concept's place")
      .usually("chosen if lists are found");
  lists_.describe(f, "--prompts, --retain, --make or --images");
  f["loss"].usually("states if lists are found, else ascent");
  f.group(group::strength);
  f.add("epochs", epochs_, "N",
        "How often every picture (or trajectory, or phrasing) is used: the strength of ascent")
      .range(1, 100'000, "10 to 100 are usual")
      .from_model();
  f.add("stop-pull", stop_pull_, "X",
        "Stop after the first epoch that leaves the concept at most this much pull: 1 is the "
        "original's, 0 none")
      .range(-100, 10, "it is 1 at the beginning, and 0 if the concept is gone");
  f.group(group::keep);
  f.add("retain", retain_file_, "FILE",
        "Prompts whose text embeddings must stay as they are, one a line");
  f.lead("retain");
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
  if (clip_.loss != ClipLoss::ascent && pictures_.given())
    throw InputError(
        "[clip] {} {}; leave {} and {} out", option("loss"),
        clip_.loss == ClipLoss::esd ? "esd samples its own latents" : "states needs no picture",
        option("images"), option("make"));
  clip_.check();
  find_anchors();
  run_.train.iterations = most_iterations;  // known once the pictures are
  run_.resolve(fields, 1e-5);
  return model_says;
}

// Each caption with the anchor in the concept's place.
void EraseClip::find_anchors() {
  const bool states = clip_.loss == ClipLoss::states;
  if (states && clip_.pull)
    throw InputError(
        "[clip] {} and {} are measured on pictures or trajectories, of which {} states "
        "has none; leave them out",
        option("pull"), option("stop-pull"), option("loss"));
  if (found_) return;
  if (states == anchor_.empty())
    throw InputError("[clip] {} states and {} TEXT go together; give both or neither",
                     option("loss"), option("anchor"));
  if (!states) return;
  const ConceptOptions what{
      .concepts = clip_.concepts, .guides = {anchor_}, .prompts = clip_.prompts};
  const std::vector<Phrasing> phrasings = phrasings_of(what, "clip");
  clip_.prompts = texts_of(phrasings);
  clip_.anchors = anchors_of(phrasings);
}

void EraseClip::resolve_found() {
  if (!clip_.pull && !stop_pull_) fields["loss"].suppose(clip_.loss, ClipLoss::states);
  fields["batch"].suppose(clip_.batch, clip_defaults::batch);
  fields["schedule"].suppose(run_.train.decay, Decay::linear);
  fields["epochs"].suppose(epochs_, clip_defaults::epochs);
  clip_.pull = clip_.pull || stop_pull_.has_value();
  clip_.retain = {""};  // until they are found
  fields.check();
  if (clip_.loss == ClipLoss::ascent)
    throw InputError("[clip] {} ascent needs pictures; name them with {} or {}", option("loss"),
                     option("images"), option("make"));
  if (!anchor_.empty() && clip_.loss != ClipLoss::states)
    throw InputError("[clip] {} states and {} TEXT go together; give both or neither",
                     option("loss"), option("anchor"));
  clip_.check();
  find_anchors();
  run_.train.iterations = most_iterations;
  run_.resolve(fields, 1e-5);
}

void EraseClip::find(TrainingRun& run) {
  lists_.find("clip", run, run_, clip_.concepts,
              anchor_.empty() ? std::vector<std::string>{} : std::vector{anchor_}, clip_.seed);
  clip_.prompts = texts_of(lists_.learned());
  clip_.anchors = anchors_of(lists_.learned());
  clip_.retain = lists_.kept();
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
                             int64_t iterations, RunFolder& folder) {
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
  bool reached = false;
  if (found_) {
    const Progressed p = lists_.findings().measured(file);
    event["pull"] = p.pull();
    line += ", " + lists_.findings().goal().sentence(p);
    reached = lists_.findings().goal().reached(p);
  }
  if (clip_.retain_batch > 0) {
    const double drift = method.drift();
    event["drift"] = drift;
    line += fmt::format(", retained texts moved by {:.1f} %", 100 * drift);
  }
  folder.log(event);
  run.progress().say(line);
  return !reached && !(stop_pull_ && pull <= *stop_pull_);
}

void EraseClip::train(TrainingRun& run, const std::string& model_says) {
  Trainables trainables = run.trainables(ModelPart::text, clip_.seed);
  if (found_) lists_.set_rate(fields, run, run_, trainables, clip_defaults::relative_change);
  Clip method(run.model(), run.text(), trainables, clip_, run.model_hash());
  const int64_t accumulate = run_.train.accumulate;
  const int64_t per_epoch = (method.per_epoch() + accumulate - 1) / accumulate;
  if (found_ && !fields.given("warmup"))
    run.set_warmup(std::min(clip_defaults::warmup, epochs_ * per_epoch));
  run.set_iterations(epochs_ * per_epoch);
  TrainingTask task{method, trainables};
  if (!model_says.empty()) task.notes.push_back("the model's own defaults: " + model_says);
  task.notes.push_back(
      fmt::format("{} epochs of {} iterations of {} examples, {} at {:g}{}", epochs_, per_epoch,
                  clip_.batch * accumulate, fields["optimizer"].text(), run_.train.learning_rate,
                  found_       ? ", until the goal is reached"
                  : stop_pull_ ? fmt::format(", until the concept's pull is {:g}", *stop_pull_)
                               : ""));
  if (clip_.loss == ClipLoss::ascent)
    task.published_evaluations = [&](int64_t iterations) {
      return 3.0 * static_cast<double>(iterations * clip_.batch * accumulate);
    };
  if (clip_.loss == ClipLoss::states) task.evaluations_per_entry = 0;
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
  found_ =
      lists_.wanted(fields, {"prompts", "retain", "make", "images"}, compat_ != ClipCompat::none);
  std::string model_says;
  if (found_)
    resolve_found();
  else
    model_says = resolve();
  TrainingRun run(run_);
  clip_.size = run.size();
  if (clip_.cache.empty()) clip_.cache = run.folder() / "trajectories";
  pictures_.take(clip_, run.model(), run.progress());
  if (found_) find(run);
  train(run, model_says);
  if (!run_.plan_only && !encoder_.empty()) export_from(run, last_epoch(run.folder()));
  if (found_)
    lists_.conclude(
        run, fmt::format("{} {}, another {} or {}, or `lacuna erase {} ...`", option("epochs"),
                         2 * epochs_, option("anchor"), option("layers"), option("concept")));
}

}  // namespace

std::unique_ptr<EraseVerb> clip_verb() { return std::make_unique<EraseClip>(); }

}  // namespace lacuna
