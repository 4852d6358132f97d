#include "cli/sample.h"

#include "jobs/sample_job.h"

namespace lacuna {

void add_sample(CLI::App& app) {
  auto o = std::make_shared<SampleOptions>();
  CLI::App* c = app.add_subcommand("sample", "Draw pictures from text prompts");
  c->add_option("prompt", o->words, "What to draw, in quotes")->type_name("TEXT");
  c->add_option("--negative", o->negative, "What to stay away from")->type_name("TEXT");
  c->add_option("--from-file", o->from_file,
                "Prompts from a file: one a line (.txt), or columns prompt, negative, seed (.csv)")
      ->type_name("FILE");
  c->add_option("--steps", o->generate.steps, "Steps of the sampler")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--guidance", o->generate.guidance,
                "How strictly the picture follows the prompt; 1 turns guidance off")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--sampler", o->generate.sampler, "ddim, pndm, lms, euler, euler_a or dpmpp_2m")
      ->capture_default_str()
      ->type_name("NAME");
  c->add_option("--eta", o->generate.eta,
                "DDIM only: 0 is deterministic, 1 adds noise at every step")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--seed", o->seed,
                "Seed of the first picture; the following count up (default: random)")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))  // or -1 becomes 2^64 - 1
      ->type_name("N");
  c->add_option("--rng", o->rng, "Noise as PyTorch makes it on the CPU (torch) or on CUDA (philox)")
      ->capture_default_str()
      ->type_name("torch|philox");
  c->add_option("--count", o->count, "Pictures of each prompt")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--batch", o->batch, "Pictures drawn at the same time")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--size", o->size,
                "Width and height in pixels (default: what the model was trained for)")
      ->type_name("WxH");
  c->add_option("--out", o->out, "A folder, in which pictures are numbered, or one .png file")
      ->capture_default_str()
      ->type_name("DIR|FILE");
  c->add_flag("--grid", o->grid, "Also draw all pictures into one labelled grid");
  o->edits.add_to(*c);
  c->add_option("--region", o->region,
                "Where in the picture the edits act: left, right, top, bottom, center, cell:R,C, "
                "rect:X,Y,W,H, circle:X,Y,R (shares of the sides) or a picture, white inside; "
                "twice the work")
      ->type_name("REGION");
  c->add_option("--region-mode", o->region_mode,
                "Keep the original's own picture outside, or let both models work on one picture, "
                "each where it acts")
      ->capture_default_str()
      ->type_name("latents|prediction");
  c->footer(
      "Several edits add up: --edit a.safetensors --edit b.safetensors. A pattern draws\n"
      "with each file by itself, a row of the grid each, with the same seeds:\n"
      "  lacuna sample \"a red circle\" --edit run/epoch-*.safetensors --grid --count 4");
  c->add_flag("--compare", o->compare,
              "Draw with and without the edits, side by side in one labelled grid");
  c->add_flag("--force", o->force,
              "Replace a file that exists; use an edit that was made for another model");
  o->common.add_to(*c);
  CLI::Option* json = c->add_flag("--json", o->json, "Report events as JSON, one object a line");
  c->add_flag("--profile", o->profile, "Then measure every op of one UNet call and print the table")
      ->excludes(json);
  c->add_flag("--trace", o->trace,
              "Then print minimum, maximum, mean and NaN count of every op of one UNet call")
      ->excludes(json);
  c->callback([o] {
    SampleJob job(*o);
    job.draw();
    job.finish();
  });
}

}  // namespace lacuna
