// The frame around every method that trains: options of the loop, the memory plan, the run's
// folder, the edit with its metadata, and what is said at the end. A verb of `lacuna erase` adds
// its own options, makes a Method and Trainables, and calls train().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "erase/train.h"
#include "jobs/model_options.h"
#include "jobs/observer.h"
#include "jobs/progress.h"
#include "models/generate.h"

namespace lacuna {

struct TrainingOptions {
  ModelOptions common;
  TrainOptions train{.decoupled = false};
  std::string params, size, out = "edit.safetensors", run;
  FileDType save_type = FileDType::f16;
  int64_t rank = 0;
  bool resume = false, force = false, plan_only = false, json = false, profile = false;
  RunObserver* observer = nullptr;

  // All options except `params`, which each verb words itself.
  void describe(Fields& fields);
  // With the defaults that hold if neither the user nor the model says anything. Throws InputError.
  void resolve(const Fields& fields, double learning_rate);
  // The optimizer of published programs that say no more than AdamW, if the user names no other.
  void default_to_adamw(const Fields& fields);
};

// The prompts of a file; none if `file` is empty. Throws InputError if the file holds none.
std::vector<std::string> prompts_of(const std::string& file);

// What a verb hands over to be trained.
struct TrainingTask {
  Method& method;
  Trainables& trainables;
  std::vector<std::string> notes = {};  // lines to print after the sentence
  OptionTexts about = {};               // what else the edit says about itself
  // As Milestones has them, with the folder for its log.
  int64_t milestone_every = 0;
  std::function<bool(int64_t iterations, RunFolder& folder)> at_milestone = {};
  // UNet evaluations that an entry of a micro-batch takes, backward counted as two.
  double evaluations_per_entry = 3;
  // UNet evaluations of the published program for that many iterations, backward counted as two.
  std::function<double(int64_t iterations)> published_evaluations = {};
};

class TrainingRun {
 public:
  // Opens device and model, after everything that can be wrong without them.
  explicit TrainingRun(TrainingOptions options);

  Device& device() { return *device_; }
  StableDiffusion& model() { return model_; }
  TextCache& text() { return text_; }
  LatentSize size() const { return size_; }
  std::pair<int, int> pixels() const;  // width and height of the images
  Progress& progress() { return progress_; }
  const std::filesystem::path& folder() const { return folder_; }  // of log and state
  std::filesystem::path edit() const { return o_.out; }
  // The fingerprints of UNet and text encoder; empty with --plan-only, which reads no weights.
  std::string model_hash() const { return unet_hash_ + text_hash_; }
  // Of what --params selects, in that part; of its only table these rows alone, if there are any.
  Trainables trainables(ModelPart part, uint64_t seed, std::span<const int32_t> rows = {});

  // For methods whose number of iterations depends on the examples. Throws InputError if other
  // options do not go with it.
  void set_iterations(int64_t iterations) {
    o_.train.iterations = iterations;
    o_.train.check();
  }

  void set_warmup(int64_t warmup) { o_.train.warmup = warmup; }
  void set_learning_rate(double rate) {
    o_.train.learning_rate = rate;
    o_.train.check();
  }

  // Says what it will do, trains, writes the edit and says what it took.
  void train(const TrainingTask& task);
  // The trained tensors as they are, with all that the run knows as metadata.
  void write(const std::filesystem::path& edit, const TrainingTask& task,
             const OptionTexts& more = {});

 private:
  void announce(const TrainingTask& task, const OptionTexts& all);
  void report(const TrainingTask& task, int64_t iterations);

  double begin_, cpu_begin_;
  TrainingOptions o_;
  FileDType type_;
  std::unique_ptr<Device> device_;
  StableDiffusion model_;
  TextCache text_;
  LatentSize size_;
  std::filesystem::path folder_;
  std::string unet_hash_, text_hash_;
  Progress progress_;
};

}  // namespace lacuna
