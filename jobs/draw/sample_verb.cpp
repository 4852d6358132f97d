#include "base/options/verb.h"
#include "erase/groups.h"
#include "jobs/draw/sample_job.h"

namespace lacuna {

void SampleOptions::describe(Fields& f) {
  f.group("What to draw");
  f.add("prompt", words, "TEXT", "What to draw, in quotes").positional();
  f.add("negative", negative, "TEXT", "What the picture must not show");
  f.add("from-file", from_file, "FILE",
        "Prompts from a file: one a line (.txt), or columns prompt, negative, seed (.csv)");
  f.add("seed", seed, "N", "Seed of the first picture; the seeds of the others count up from it")
      .usually("random");
  f.add("count", count, "N", "Pictures of each prompt")
      .range(1, 1'000'000, "1 to 1000000 are possible");
  f.group("How to draw");
  f.add("steps", generate.steps, "N", "Steps of the sampler");
  f.add("guidance", generate.guidance, "X",
        "How strictly the picture follows the prompt; 1 turns guidance off");
  const auto names = Sampler::names();
  f.add("sampler", generate.sampler, "NAME", alternatives(names))
      .one_of({names.begin(), names.end()});
  f.add("eta", generate.eta, "X",
        "Of the sampler ddim: 0 is deterministic, 1 adds noise at every step");
  f.add("rng", rng, "torch|philox",
        "Make noise as PyTorch does on the CPU (torch) or on CUDA (philox)")
      .one_of({"torch", "philox"});
  f.add("size", size, "WxH", "Width and height in pixels")
      .usually("what the model was trained for");
  f.add("batch", batch, "N", "Pictures drawn at the same time");
  f.group("Which edits");
  edits.describe(f);
  f.add("compare", compare, "Draw with and without the edits, side by side in one labelled grid");
  f.group(group::where);
  f.add("region", region, "REGION",
        "Where in the picture the edits act: left, right, top, bottom, center, cell:R,C, "
        "rect:X,Y,W,H, circle:X,Y,R (shares of the sides) or a picture, white inside; this takes "
        "twice the work");
  f.add("region-mode", region_mode, "latents|prediction",
        "Keep the original's own picture outside (latents), or let both models work on one "
        "picture, each where it acts (prediction)")
      .one_of({"latents", "prediction"});
  f.group(group::output);
  f.add("out", out, "DIR|FILE", "A folder, in which pictures are numbered, or one .png file");
  f.add("grid", grid, "Also put all pictures into one labelled grid");
  f.add("force", force, "Replace a file that exists; use an edit that was made for another model");
  f.add("json", json, "Report events as JSON, one object a line");
  f.add("profile", profile, "Also measure every op of one UNet call and print the table");
  f.add("trace", trace,
        "Also print minimum, maximum, mean and NaN count of every op of one UNet call");
  common.describe(f);
}

namespace {

class Sample : public Verb {
 public:
  Sample() : Verb("sample", "Draw pictures from text prompts") {
    o_.describe(fields);
    notes_ =
        "Several edits add up: --edit a.safetensors --edit b.safetensors. A pattern draws\n"
        "with each file by itself, a row of the grid each, with the same seeds:\n"
        "  lacuna sample \"a red circle\" --edit run/epoch-*.safetensors --grid --count 4";
  }
  void run() override {
    SampleJob job(o_);
    job.draw();
    job.finish();
  }

 private:
  SampleOptions o_;
};

}  // namespace

std::unique_ptr<Verb> sample_verb() { return std::make_unique<Sample>(); }

}  // namespace lacuna
