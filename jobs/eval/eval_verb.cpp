#include "base/options/verb.h"
#include "erase/groups.h"
#include "jobs/eval/eval_job.h"

namespace lacuna {

void EvalOptions::describe(Fields& f) {
  f.group("What to judge");
  edits.describe(f);
  f["edit"].help("The edit, at a strength of 1 or the number after a colon; several edits add up");
  f.add("targets", targets, "FILE", "Prompts that ask for what was erased, one a line");
  f.add("neighbours", neighbours, "FILE", "Prompts that should be drawn as before");
  f.add("target", target, "KIND=NAME",
        "What was erased: colour=red, style=Dotti, thing=cat, pair=red circle or memory")
      .usually("what the edit says");
  f.group("How to draw");
  f.add("count", count, "N", "Pictures of each prompt, with the same seeds before and after")
      .range(1, 100'000, "1 to 100000 are possible");
  f.add("seed", seed, "N",
        "Seed of each prompt's first picture; the seeds of the others count up from it");
  f.add("steps", generate.steps, "N", "Steps of the sampler");
  f.add("guidance", generate.guidance, "X",
        "How strictly the picture follows the prompt; 1 turns guidance off");
  f.add("batch", batch, "N", "Pictures drawn at the same time");
  f.group(group::output);
  f.add("out", out, "DIR", "Folder of before-after.png and results.json");
  f.add("grid-rows", grid_rows, "N", "Prompts in before-after.png, with up to four seeds")
      .range(1, 1000, "1 to 1000 are possible");
  f.add("pictures", pictures, "Keep every picture, in DIR/before and DIR/after");
  f.add("force", force, "Replace results that exist; use an edit that was made for another model");
  f.add("json", json, "Report events as JSON, one object a line");
  common.describe(f);
}

namespace {

class Eval : public Verb {
 public:
  Eval() : Verb("eval", "Draw prompts before and after an edit, and count") {
    o_.describe(fields);
    notes_ =
        "Lines of the prompt files that start with ## name a group, which gets its own\n"
        "rows in the table; other lines that start with # are comments.\n"
        "\n"
        "The table counts claims as `lacuna check` does. shown: pictures that show the\n"
        "target: a colour that a part or the whole plain field has, the style of the\n"
        "largest part, a thing among the parts (cat: either cat), or the memorised\n"
        "picture. kept: the share of right pictures after, divided by that before. What\n"
        "prompts ask of the target itself (that a red circle is red) counts only as\n"
        "shown. Only pictures of 64x64 with prompts of pico's picture language are\n"
        "judged.";
  }
  void run() override {
    EvalJob job(o_);
    job.draw();
    job.finish();
  }

 private:
  EvalOptions o_;
};

}  // namespace

std::unique_ptr<Verb> eval_verb() { return std::make_unique<Eval>(); }

}  // namespace lacuna
