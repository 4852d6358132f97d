// The models that a verb draws with: the original, the edited one, or one for each of several
// edits.
#pragma once

#include <string>
#include <vector>

#include "jobs/draw/edits.h"

namespace lacuna {

struct Variant {
  std::string label;  // "original", "edited" or the file's name
  std::vector<Edit> edits;
};

// Each --edit adds to the model. If one stands for several files, by a pattern or by the list that
// a shell made of it (`more`, which follow the last --edit), these are variants, a row each.
// `original` puts the unedited model before the others. Throws InputError if a file is no edit.
struct Variants {
  std::vector<Variant> all;
  bool several = false;  // edits that are compared with one another

  Variants(const EditOptions& options, const std::vector<std::string>& more, bool original);
};

}  // namespace lacuna
