// lacuna erase --concept X: decides, erases, measures and says whether it worked.
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
    run.report();
  }

 private:
  AutoOptions o_;
};

}  // namespace

std::unique_ptr<EraseVerb> auto_verb() { return std::make_unique<EraseAuto>(); }

}  // namespace lacuna
