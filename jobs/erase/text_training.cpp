#include "jobs/erase/text_training.h"

#include "base/error.h"
#include "erase/edits/edit.h"
#include "erase/methods/clip.h"
#include "erase/selection.h"
#include "jobs/erase/clip_defaults.h"
#include "jobs/interrupt.h"

namespace lacuna {

std::filesystem::path TextTraining::folder_in(const std::filesystem::path& run) {
  return run / "text-encoder";
}

void TextTraining::run(Device& device, StableDiffusion& model, TextCache& text, LatentSize size,
                       const AutoOptions& o, const std::vector<Phrasing>& learned,
                       const std::vector<std::string>& kept, const std::string& model_hash,
                       const ProgressCallback& progress, const Milestone& milestone) {
  ClipOptions clip;
  clip.loss = ClipLoss::states;
  clip.concepts = o.concepts;
  for (const Phrasing& p : learned) {
    clip.prompts.push_back(p.text());
    clip.anchors.push_back(p.anchor());
  }
  clip.retain = kept;
  if (clip.retain.empty()) clip.retain.push_back("");
  clip.batch = clip_defaults::batch;
  clip.retain_batch = clip_defaults::retain_batch;
  clip.seed = o.seed;
  clip.size = size;

  const WeightStore& weights = model.text_weights();
  Trainables all(device, weights,
                 select(parameters_of(ModelPart::text, weights.file()), clip_defaults::layers), 0,
                 o.seed, ModelPart::text);
  Clip method(model, text, all, clip, model_hash);
  const int64_t updates = clip_defaults::epochs * method.per_epoch();
  const TrainOptions train{.iterations = updates,
                           .warmup = clip_defaults::warmup,
                           .learning_rate = clip_defaults::relative_change * all.rms(),
                           .decay = Decay::linear,
                           .decoupled = false};
  // What is learned depends on what was found, and so on the goal.
  const OptionTexts identity = {{edit_key::base_hash, model_hash},
                                {"until", fmt::format("{:g}", o.until)},
                                {"drift", fmt::format("{:g}", o.drift)},
                                {"params", clip_defaults::layers},
                                {"precision", name_of(model.dtype())}};
  const std::filesystem::path path = folder_in(o.run_folder());
  // A resumed run may have been stopped before this began.
  RunFolder folder(path, o.resume && std::filesystem::exists(path), o.force);
  const Milestones milestones = {method.per_epoch(),
                                 [&](int64_t done) { return milestone(all.exported(), done); }};
  int64_t done = 0;
  try {
    done = lacuna::train(device, method, all, train, identity, folder, progress, milestones);
  } catch (const Stopped&) { throw Interrupted{}; }
  if (folder.resumes() && (folder.finished() || done == updates)) milestone(all.exported(), done);
  folder.draw_losses(fmt::format("erasing {}", o.concepts[0]));
}

}  // namespace lacuna
