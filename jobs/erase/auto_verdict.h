// Did it work? Images of phrasings that nothing was learned from, before and after at seeds that
// served for nothing else, judged by what is in them where that can be judged: for pico by the
// checker (judge/checker), for other models by the pull alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "erase/concept/decisions.h"
#include "jobs/draw/edits.h"
#include "jobs/progress.h"
#include "judge/checker/rates.h"
#include "models/generate.h"
#include "pictures/image.h"

namespace lacuna {

struct AutoVerdict {
  // Images that show their concept; none asked when nothing can judge them.
  checker::Rate before, after;
  Image sheet;  // one row a phrasing: the original and the edited; empty without images

  bool judged() const { return before.asked > 0; }
  // The original draws it often enough to tell; else the images say nothing.
  bool drawable() const { return before.right >= 2; }
  // One of ten may be a slip of the judge's.
  bool gone() const { return 10 * after.right <= before.right; }
};

// How images are drawn: enough to tell what they show.
GenerateOptions verdict_drawing(const StableDiffusion& model, LatentSize size);

// `images` in all, in turn for all concepts; as many again if a few of them show the concept, which
// may be the judge's slips.
AutoVerdict judge_images(StableDiffusion& model, EditedModel& edited,
                         const std::vector<Decisions>& decisions, LatentSize size, int64_t images,
                         uint64_t seed, Progress& progress);

}  // namespace lacuna
