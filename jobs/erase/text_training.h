// The first trained stage of `lacuna erase --concept X`: in the text encoder each phrasing gets the
// states of the same with the anchor in the concept's place (erase/methods/clip.h, the loss
// `states`), until a measurement says that it is enough. No UNet runs but for the measurements.
#pragma once

#include <string>
#include <vector>

#include "erase/closed/concept_embeddings.h"
#include "jobs/erase/stage_training.h"
#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

class TextTraining {
 public:
  // Where state and log are, in the run's folder.
  static std::filesystem::path folder_in(const std::filesystem::path& run);

  // Trains from the model's own weights, with a milestone after every round through the phrasings.
  // Throws Interrupted when `progress` says so; the state is then saved.
  static void run(Device& device, StableDiffusion& model, TextCache& text, LatentSize size,
                  const AutoOptions& options, const std::vector<Phrasing>& learned,
                  const std::vector<std::string>& kept, const std::string& model_hash,
                  const ProgressCallback& progress, const StageMilestone& milestone);
};

}  // namespace lacuna
