// --images DIR or --make WHAT: the images that a method trains on.
#pragma once

#include <string>

#include "erase/methods/clip.h"
#include "jobs/progress.h"

namespace lacuna {

struct PictureOptions {
  std::string images, make;
  int64_t made = 8;

  void describe(Fields& fields);
  bool given() const { return !images.empty() || !make.empty(); }
  // Throws InputError if both are given, or too many are to be made.
  void check() const;
  // Puts them into `clip`, at its size and from its seed, and says what was skipped.
  void take(ClipOptions& clip, const StableDiffusion& model, Progress& progress) const;
};

}  // namespace lacuna
