// lacuna erase --concept X: decides, erases, measures and says whether it worked.
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "jobs/erase/auto_run.h"
#include "jobs/erase/verbs.h"

namespace lacuna {
namespace {

class EraseAuto : public EraseVerb {
 public:
  EraseAuto() : EraseVerb("erase", "Erase a concept, and measure whether it is gone") {
    o_.describe(fields);
  }

  void run() override {
    AutoRun run(o_, observer);
    if (o_.plan_only) return run.plan();
    run.run();
    if (o_.show_neighbours) return;
    Progress& progress = run.progress();
    progress.say(fmt::format("{}  {} tensors; {} UNet evaluations, {:.1f} CPU s", o_.out,
                             run.result().tensors.size(), run.evaluations(), run.cpu_seconds()));
    if (o_.images > 0)
      progress.say(fmt::format("{}  images before and after",
                               display(o_.run_folder() / "before-after.png")));
    if (!run.succeeded()) throw GoalMissed("[erase] {}", run.sentence());
    progress.say(run.sentence());
  }

 private:
  AutoOptions o_;
};

}  // namespace

std::unique_ptr<EraseVerb> auto_verb() { return std::make_unique<EraseAuto>(); }

}  // namespace lacuna
