// What `lacuna eval` does: the same prompts and seeds drawn by the original and by the edited
// model, each pair of images judged, a grid to look at and a file with every verdict.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jobs/draw/draw.h"
#include "jobs/draw/edits.h"
#include "jobs/model_options.h"
#include "judge/evaluation.h"

namespace lacuna {

struct EvalOptions {
  ModelOptions common;
  EditOptions edits;
  std::string targets, neighbours, target, out = "eval";
  GenerateOptions generate{.guidance = 5};
  uint64_t seed = 1;
  int64_t count = 5, batch = 4, grid_rows = 8;
  bool pictures = false, force = false, json = false;

  void describe(Fields& fields);
};

class Verb;
std::unique_ptr<Verb> eval_verb();

struct EvalPrompt {
  std::string group;
  bool of_targets = false;
  std::string prompt;
  bool judged = false;  // the checker can say something about its images
  bool in_grid = false;
};

struct EvalPicture {
  std::optional<checker::Verdict> verdict;
  Image image;  // for the grid, else empty
};

class EvalJob {
 public:
  // Finds everything that can be wrong before the first image.
  explicit EvalJob(EvalOptions options);
  void draw();
  void finish();

 private:
  void draw_all(bool edited);
  void save(size_t picture, const Image& image, bool edited);
  const EvalPrompt& prompt_of(size_t picture) const {
    return prompts_[picture / static_cast<size_t>(o_.count)];
  }
  Image sheet() const;
  nlohmann::json results() const;   // without the images
  nlohmann::json pictures() const;  // the verdicts on each pair

  EvalOptions o_;
  double begin_, cpu_begin_;
  std::vector<EvalPrompt> prompts_;
  std::vector<ImageRequest> requests_;  // `count` of each prompt
  std::vector<Edit> edits_;
  std::unique_ptr<Device> device_;
  StableDiffusion model_;
  EditedModel edited_model_;
  Progress progress_;
  Drawer drawer_;
  Evaluation evaluation_;
  std::vector<EvalPicture> before_, after_;
};

}  // namespace lacuna
