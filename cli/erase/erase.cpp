#include "cli/erase/erase.h"

#include "cli/erase/erase_ablate.h"
#include "cli/erase/erase_clip.h"
#include "cli/erase/erase_closed.h"
#include "cli/erase/erase_esd.h"
#include "cli/erase/erase_inpaint.h"

namespace lacuna {

void add_erase(CLI::App& app, RunObserver* observer) {
  CLI::App* erase = app.add_subcommand("erase", "Erase a concept: make an edit of a model");
  erase->require_subcommand(1);
  add_esd(*erase, observer);
  add_ablate(*erase, observer);
  add_clip(*erase, observer);
  add_inpaint(*erase, observer);
  add_erase_closed(*erase, observer);
}

}  // namespace lacuna
