#include "jobs/eval/concept_measure.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/examples/trajectories.h"
#include "erase/methods/concept_pull.h"
#include "jobs/draw/draw.h"
#include "jobs/eval/checked_images.h"
#include "jobs/prompts.h"
#include "judge/checker/rates.h"
#include "judge/evaluation.h"

namespace lacuna {
namespace {

// The first group holds the target's prompts.
std::vector<PromptGroup> groups_of(const MeasureOptions& o,
                                   const std::vector<std::string>& concepts) {
  PromptGroup target{"target", o.targets.empty() ? concepts : std::vector<std::string>()};
  if (!o.targets.empty())
    for (const PromptGroup& g : read_prompt_groups(o.targets, "target"))
      target.prompts.insert(target.prompts.end(), g.prompts.begin(), g.prompts.end());
  std::vector<PromptGroup> all = {target};
  if (!o.neighbours.empty())
    for (const PromptGroup& g : read_prompt_groups(o.neighbours, "neighbours")) all.push_back(g);
  std::erase_if(all, [](const PromptGroup& g) { return g.prompts.empty(); });
  if (all.empty() || all[0].name != "target")
    throw InputError("[layers map] {} holds no prompt", o.targets);
  return all;
}

double drop(double before, double after) {
  return before > 0 ? 1 - after / before : std::numeric_limits<double>::quiet_NaN();
}

class CountedPictures : public ConceptMeasure {
 public:
  CountedPictures(const MeasureOptions& o, std::vector<PromptGroup> groups, Target target,
                  StableDiffusion& model, Progress& progress)
      : groups_(std::move(groups)), target_(std::move(target)), model_(model), progress_(progress) {
    generate_ = {.steps = o.steps,
                 .guidance = 5,
                 .width = model.default_size(),
                 .height = model.default_size()};
    for (const PromptGroup& g : groups_) {
      columns_.push_back(g.name);
      for (const std::string& prompt : g.prompts)
        for (int64_t i = 0; i < o.count; i++)
          requests_.push_back({prompt, "", 1 + static_cast<uint64_t>(i)});
    }
    count_ = static_cast<size_t>(o.count);
    before_ = rates("original", model_.text_predictor());
  }

  std::string about() const override {
    return fmt::format("{} pictures of each judged by the checker", requests_.size());
  }
  std::vector<double> drops(const Overlay& edited_text) override {
    TextPredictor edited(model_.text_encoder(), edited_text);
    const std::vector<double> after = rates("drawing", edited);
    std::vector<double> result;
    for (size_t i = 0; i < after.size(); i++) result.push_back(drop(before_[i], after[i]));
    return result;
  }

 private:
  // Of each group: the share of pictures that show the target, or that are right.
  std::vector<double> rates(const char* phase, TextPredictor& text) {
    std::vector<checker::Verdict> verdicts(requests_.size());
    Drawer drawer(model_, text, generate_, 8, progress_);
    progress_.restart(phase, drawer.steps(requests_.size()));
    drawer.draw(requests_,
                [&](size_t i, Generated&& picture) { verdicts[i] = checker::look(picture.image); });
    std::vector<double> all;
    size_t at = 0;
    for (const PromptGroup& g : groups_) {
      const size_t begin = at;
      size_t right = 0;
      for (const size_t end = begin + g.prompts.size() * count_; at < end; at++)
        right += begin == 0 ? target_.shown_in(verdicts[at]) : holds(at, verdicts[at]);
      all.push_back(static_cast<double>(right) / static_cast<double>(at - begin));
    }
    return all;
  }
  bool holds(size_t i, const checker::Verdict& verdict) const {
    const auto claims = checker::judge(checker::parse_prompt(requests_[i].prompt), verdict);
    return std::ranges::all_of(claims, [](const auto& claim) { return claim.second; });
  }

  std::vector<PromptGroup> groups_;
  Target target_;
  StableDiffusion& model_;
  Progress& progress_;
  GenerateOptions generate_;
  std::vector<ImageRequest> requests_;
  size_t count_ = 1;
  std::vector<double> before_;
};

class MeasuredPull : public ConceptMeasure {
 public:
  MeasuredPull(const std::vector<PromptGroup>& groups, StableDiffusion& model, TextCache& text) {
    const LatentSize size = model.latent_size(model.default_size(), model.default_size());
    const ProgressCallback progress = [](const std::string&, int64_t, int64_t) { return true; };
    constexpr uint64_t seed = 1;
    for (const PromptGroup& g : groups) {
      columns_.push_back(g.name);
      ConceptPull& pull = pulls_.emplace_back(model, text);
      for (const std::string& prompt : g.prompts) {
        const TrajectoryPrompt path{prompt, prompt};
        const auto t = frozen_trajectories(model, text, {&path, 1}, {&seed, 1},
                                           {.steps = steps, .size = size}, "", progress);
        for (size_t step = 1; step < t[0].examples.size(); step += 4)
          pull.add(t[0].examples[step].latents, size, t[0].examples[step].timestep, prompt);
      }
    }
  }
  std::string about() const override { return "what is left of the prompts' pull on the UNet"; }
  std::vector<double> drops(const Overlay& edited_text) override {
    std::vector<double> all;
    for (ConceptPull& pull : pulls_) all.push_back(1 - pull.under(edited_text));
    return all;
  }

 private:
  static constexpr int steps = 10;
  std::vector<ConceptPull> pulls_;
};

}  // namespace

void MeasureOptions::describe(Fields& f) {
  f.group("What to measure");
  f.add("targets", targets, "FILE", "Prompts that ask for the concept, one a line")
      .usually("the concept");
  f.add("neighbours", neighbours, "FILE",
        "Prompts that should be drawn as before; each ## heading is a column");
  f.add("measure", kind, "pictures|pull",
        "Count the pictures that show the concept, which the checker can do for pico (pictures), "
        "or measure what is left of the prompts' pull on the UNet (pull)")
      .one_of({"pictures", "pull"})
      .usually("pictures if the checker can judge them, else pull");
  f.add("count", count, "N", "Pictures of each prompt").range(1, 10'000, "1 to 10 are usual");
  f.add("sample-steps", steps, "N", "Sampler steps of these pictures");
}

std::unique_ptr<ConceptMeasure> ConceptMeasure::make(const MeasureOptions& o,
                                                     const std::vector<std::string>& concepts,
                                                     StableDiffusion& model, TextCache& text,
                                                     Progress& progress) {
  const std::vector<PromptGroup> groups = groups_of(o, concepts);
  std::optional<Target> target;
  if (checker_knows_images_of(model)) target = Target::of_concept(concepts[0]);
  if (o.kind == "pictures" && !target)
    throw InputError(
        "[layers map] the checker cannot tell whether a picture of {} shows \"{}\"; use {} pull",
        model.name(), concepts[0], option("measure"));
  if (o.kind != "pull" && target)
    return std::make_unique<CountedPictures>(o, groups, *target, model, progress);
  return std::make_unique<MeasuredPull>(groups, model, text);
}

}  // namespace lacuna
