// --auto lists: a named method that is given no lists finds them, as `lacuna erase --concept X`
// does: phrasings with the anchor in the concept's place, and texts that stay. When the edit is
// written, its pull and drift are measured on sentences that nothing was learned from.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/options/words.h"
#include "erase/concept/sentences.h"
#include "jobs/erase/findings.h"
#include "jobs/erase/training_run.h"

namespace lacuna {

class Fields;

enum class AutoMode { lists, none };
std::span<const Word> words(AutoMode);

class AutoLists {
 public:
  AutoMode mode = AutoMode::lists;
  std::optional<ConceptKind> kind;

  // --auto and --kind. `own`: the options with which users give lists of their own, as the help
  // names them: "--prompts or --retain".
  void describe(Fields& fields, const std::string& own);
  // Whether lists are found: with --auto lists, unless the user gives one of the options `own`.
  // `compat`: what published programs do is asked for. Throws InputError if --kind, or --auto lists
  // in so many words, does not go with the rest.
  bool wanted(const Fields& fields, std::initializer_list<const char*> own, bool compat) const;

  struct Where {
    const char* method;
    StableDiffusion& model;
    TextCache& text;
    LatentSize size;
    Progress& progress;
    std::filesystem::path folder;
    FileDType save_type;
    RunObserver* observer;
  };
  // `anchors`: none, one for all concepts or one for each; "none": nothing takes the place.
  void find(const Where& where, const std::vector<std::string>& concepts,
            const std::vector<std::string>& anchors, uint64_t seed);
  // For a run that trains. With --plan-only, on a device that only counts, one phrasing for each
  // concept stands for those that would be found.
  void find(const char* method, TrainingRun& run, const TrainingOptions& options,
            const std::vector<std::string>& concepts, const std::vector<std::string>& anchors,
            uint64_t seed);
  // The learning rate that changes the weights by this share at every update, unless the user gives
  // one.
  void set_rate(const Fields& fields, TrainingRun& run, TrainingOptions& options,
                Trainables& trainables, double relative_change) const;
  // Training begins from the closed form with the anchor, if all of its tensors are trained. Adds a
  // note on that to the task. Whether it does.
  bool begin_from_closed_form(TrainingTask& task, TrainingRun& run, int64_t rank);
  // Has the run measured every so many iterations, and ended when the goal is reached.
  void watch(TrainingTask& task, TrainingRun& run);

  const std::vector<Phrasing>& learned() const { return learned_; }
  const std::vector<std::string>& kept() const { return kept_; }
  std::vector<std::string> anchors() const;  // of each concept; "" for nothing
  ConceptKind found_kind() const { return findings_->decisions().front().kind; }
  Findings& findings() { return *findings_; }

  // How far the edit of a run has come.
  void conclude(TrainingRun& run, const std::string& advice);
  // How far an edit has come, in a line. Throws GoalMissed, with `advice` on what to try, if the
  // goal was missed.
  void conclude(const Progressed& measured, const std::string& advice);

 private:
  std::optional<Findings> findings_;
  std::vector<Phrasing> learned_;
  std::vector<std::string> kept_;
  Progress* progress_ = nullptr;
  std::string method_;
  bool plan_only_ = false;
};

// `count` of them, spread evenly over all; all if there are no more.
template <typename T>
std::vector<T> spread(const std::vector<T>& all, int64_t count) {
  const size_t n = std::min(all.size(), static_cast<size_t>(count));
  std::vector<T> some;
  for (size_t i = 0; i < n; i++) some.push_back(all[i * all.size() / n]);
  return some;
}

}  // namespace lacuna
