#include "jobs/erase/text_training.h"

#include "erase/edits/edit.h"
#include "erase/methods/clip.h"
#include "erase/selection.h"
#include "jobs/erase/clip_defaults.h"

namespace lacuna {

std::filesystem::path TextTraining::folder_in(const std::filesystem::path& run) {
  return run / "text-encoder";
}

void TextTraining::run(Device& device, StableDiffusion& model, TextCache& text, LatentSize size,
                       const AutoOptions& o, const std::vector<Phrasing>& learned,
                       const std::vector<std::string>& kept, const std::string& model_hash,
                       const ProgressCallback& progress, const StageMilestone& milestone) {
  ClipOptions clip;
  clip.loss = ClipLoss::states;
  clip.concepts = o.concepts;
  clip.prompts = texts_of(learned);
  clip.anchors = anchors_of(learned);
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
  const std::filesystem::path path = folder_in(o.run_folder());
  train_stage(device, method, all,
              {.updates = clip_defaults::epochs * method.per_epoch(),
               .learning_rate = clip_defaults::relative_change * all.rms(),
               .between_measurements = method.per_epoch(),
               .identity = {{edit_key::base_hash, model_hash},
                            {"params", clip_defaults::layers},
                            {"precision", name_of(model.dtype())}}},
              // A resumed run may have been stopped before this began.
              RunFolder(path, o.resume && std::filesystem::exists(path), o.force), o, progress,
              milestone);
}

}  // namespace lacuna
