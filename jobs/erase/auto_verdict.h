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
#include "pictures/image.h"

namespace lacuna {

struct AutoVerdict {
  // Images that show their concept; none asked when nothing can judge them.
  checker::Rate before, after;
  Image sheet;  // one row a phrasing: the original and the edited; empty without images
  std::vector<std::string> prompts;

  bool judged() const { return before.asked > 0; }
  // The original draws it in most of its images; else they say nothing.
  bool drawable() const { return 2 * before.right >= before.asked; }
  // One of twelve may be a slip of the judge's.
  bool gone() const { return 12 * after.right <= after.asked; }
};

// `images` in all, in turn for all concepts.
AutoVerdict judge_images(StableDiffusion& model, EditedModel& edited,
                         const std::vector<Decisions>& decisions, LatentSize size, int64_t images,
                         uint64_t seed, Progress& progress);

}  // namespace lacuna
