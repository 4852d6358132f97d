// Does the concept come back when it is asked for in another way (erase/concept/ways.h), with
// another sampler, more steps, weak or strong guidance, or by a negative prompt alone? Images of an
// edited model, judged as in auto_verdict.h, of prompts that served for nothing else.
#pragma once

#include <string>
#include <vector>

#include "erase/concept/decisions.h"
#include "jobs/draw/edits.h"
#include "jobs/progress.h"
#include "judge/checker/rates.h"

namespace lacuna {

struct AskedAgain {
  std::string way;
  checker::Rate rate;   // images that show the concept
  std::string example;  // a prompt that brought it back
};

// `images` a way and concept. Empty if nothing can judge images of this model.
std::vector<AskedAgain> ask_another_way(StableDiffusion& model, EditedModel& edited,
                                        const std::vector<Decisions>& decisions, LatentSize size,
                                        int64_t images, uint64_t seed, Progress& progress);

}  // namespace lacuna
