// One run of `lacuna erase --concept X`: decisions, closed form, training if that is not enough,
// each measured (erase/concept).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "erase/concept/pull.h"
#include "erase/train.h"
#include "erase/trainables.h"
#include "jobs/erase/auto_options.h"
#include "jobs/erase/auto_verdict.h"
#include "jobs/erase/findings.h"
#include "jobs/erase/other_ways.h"
#include "jobs/progress.h"

namespace lacuna {

class RunObserver;

class AutoRun {
 public:
  // Finds everything that can be wrong without a device, then opens device and model.
  AutoRun(const AutoOptions& options, RunObserver* observer);

  // Prints what a run would cost, on a device that only counts.
  void plan();
  // Makes, judges and writes the edit. Throws Interrupted when it is stopped.
  void run();
  // Prints the outcome. Throws GoalMissed with the same sentence if the goal was not reached.
  void report();
  // The outcome in one sentence with its figures, and whether the goal was reached.
  std::string sentence() const;
  bool succeeded() const;

  // An edit and how far it has come.
  struct Stage {
    std::string name;  // "closed form"
    std::vector<Trainables::Export> tensors;
    Progressed measured;
    int64_t updates = 0;
  };

  // Backward counted as two.
  int64_t evaluations() const {
    return model_.predictor().evaluations() + found_.evaluations() + extra_evaluations_;
  }
  double cpu_seconds() const;

 private:
  void go_on() const;
  Stage closed_form();
  void close_other_ways();
  void train_text_encoder();
  void train(const Stage& from);
  ProgressCallback phase();
  void consider(Stage stage);
  // What training has come to; whether it has reached the goal.
  bool consider(const std::string& name, std::vector<Trainables::Export> tensors, int64_t updates);
  void judge();
  std::filesystem::path sheet_file() const { return o_.run_folder() / "before-after.png"; }
  void write(const Stage& stage, const std::filesystem::path& file) const;
  std::string sentence_of_other_ways() const;
  // Images in other ways, and those that show a concept.
  checker::Rate asked_again() const;

  AutoOptions o_;
  double cpu_begin_;
  RunObserver* observer_;
  std::unique_ptr<Device> device_;
  mutable StableDiffusion model_;
  TextCache text_;
  LatentSize size_;
  Progress progress_;
  std::string unet_hash_, text_hash_;
  Findings found_;
  std::optional<Stage> best_;
  AutoVerdict verdict_;
  std::vector<AskedAgain> again_;  // of the stage that the verdict is about
  int64_t extra_evaluations_ = 0;
};

}  // namespace lacuna
