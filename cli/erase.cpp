#include "cli/erase.h"

#include "cli/erase_ablate.h"
#include "cli/erase_clip.h"
#include "cli/erase_closed.h"
#include "cli/erase_esd.h"
#include "cli/erase_inpaint.h"

namespace lacuna {

void add_erase(CLI::App& app) {
  CLI::App* erase = app.add_subcommand("erase", "Erase a concept: make an edit of a model");
  erase->require_subcommand(1);
  add_esd(*erase);
  add_ablate(*erase);
  add_clip(*erase);
  add_inpaint(*erase);
  add_erase_closed(*erase);
}

}  // namespace lacuna
