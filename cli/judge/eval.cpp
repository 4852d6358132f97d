#include "cli/judge/eval.h"

#include "cli/options.h"
#include "jobs/eval_job.h"

namespace lacuna {

void add_eval(CLI::App& app) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* c = app.add_subcommand(
      "eval", "Did erasing work? Draw prompts before and after an edit, and count");
  o->edits.add_to(*c);
  c->add_option("--targets", o->targets, "Prompts that ask for what was erased, one a line")
      ->type_name("FILE");
  c->add_option("--neighbours", o->neighbours, "Prompts that should be drawn as before")
      ->type_name("FILE");
  c->add_option("--target", o->target,
                "What was erased: colour=red, style=Dotti, thing=cat or memory (default: what the "
                "edit says)")
      ->type_name("KIND=NAME");
  c->add_option("--count", o->count,
                "Pictures of each prompt, with the same seeds before and after")
      ->capture_default_str()
      ->type_name("N");
  seed_option(*c, o->seed, "Seed of each prompt's first picture; the following count up");
  c->add_option("--steps", o->generate.steps, "Steps of the sampler")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--guidance", o->generate.guidance,
                "How strictly the picture follows the prompt; 1 turns guidance off")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--batch", o->batch, "Pictures drawn at the same time")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--out", o->out, "Folder of before-after.png and results.json")
      ->capture_default_str()
      ->type_name("DIR");
  c->add_option("--grid-rows", o->grid_rows, "Prompts in before-after.png, with up to four seeds")
      ->capture_default_str()
      ->type_name("N");
  c->add_flag("--pictures", o->pictures, "Keep every picture, in DIR/before and DIR/after");
  c->add_flag("--force", o->force,
              "Replace results that exist; use an edit that was made for another model");
  o->common.add_to(*c);
  c->add_flag("--json", o->json, "Report events as JSON, one object a line");
  c->footer(
      "Lines of the prompt files that start with ## name a group, which gets its own\n"
      "rows in the table; other lines that start with # are comments.\n"
      "\n"
      "The table counts claims as `lacuna check` does. shown: pictures that show the\n"
      "target: a colour that a part or the whole plain field has, the style of the\n"
      "largest part, a thing among the parts (cat: either cat), or the memorised\n"
      "picture. kept: the share of right pictures after, divided by that before. What\n"
      "prompts ask of the target itself (that a red circle is red) counts as shown\n"
      "alone. Only pictures of 64x64 with prompts of pico's picture language are\n"
      "judged.");
  c->callback([o] {
    EvalJob job(*o);
    job.draw();
    job.finish();
  });
}

}  // namespace lacuna
