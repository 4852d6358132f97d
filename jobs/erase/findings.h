// What is found out about concepts before they are erased (erase/concept/decisions.h): phrasings,
// texts that stay and the anchor, which is chosen by trying the closed form; and how far an edit
// has come by that. `lacuna erase --concept X` and every named method that is given no lists use
// it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "erase/concept/decisions.h"
#include "erase/concept/pull.h"
#include "erase/trainables.h"
#include "jobs/draw/edits.h"
#include "jobs/progress.h"

namespace lacuna {

// The largest share of a concept's pull that may be left, and of what neighbours say that may
// change.
struct Goal {
  double until = 0.05, drift = 0.05;

  bool reached(const Progressed& p) const { return p.pull() <= until && p.drift() <= drift; }
  // How far from it: 0 when it is reached.
  double missing(const Progressed& p) const;
  // "pull 0.041 (goal 0.05), drift of the neighbours 0.012 (goal 0.05)".
  std::string sentence(const Progressed& p) const;
};

class Findings {
 public:
  // Model, text cache and progress must outlive it. Edits that are measured are written into
  // `folder` in the type in which the edit will be. `go_on` is asked before every piece of work and
  // may throw.
  Findings(StableDiffusion& model, TextCache& text, LatentSize size, Goal goal, Progress& progress,
           std::filesystem::path folder, FileDType save_type, std::function<void()> go_on);

  // Decides for all concepts, says so and writes decisions.json into the folder. `all`: says every
  // sentence, too.
  void find(const std::vector<ConceptQuestion>& questions, bool all = false);

  // Kinds of prompts that bring a concept back (erase/concept/ways.h) enter what is learned; their
  // names. What an edit is measured with shares neither frames nor misspellings with them.
  std::vector<std::string> learn_ways_back(const std::vector<Trainables::Export>& tensors);

  const std::vector<Decisions>& decisions() const { return decisions_; }
  // What all concepts need together.
  const std::vector<Phrasing>& learned() const { return learned_; }
  const std::vector<std::string>& kept() const { return kept_; }
  const Goal& goal() const { return goal_; }
  // For sentences: "\"red\", \"star\" are".
  std::string concepts_are() const;

  // The closed form of the only concept's anchor, if that was chosen by trying.
  struct Trial {
    std::vector<Trainables::Export> tensors;
    Progressed measured;
  };
  std::optional<Trial> trial;
  // That, or the closed form of all concepts' anchors.
  std::vector<Trainables::Export> closed_form();

  // Of an edit, rounding included.
  Progressed measured(const std::vector<Trainables::Export>& tensors);
  Progressed measured(const std::filesystem::path& edit);
  void with_edited(const std::vector<Trainables::Export>& tensors,
                   const std::function<void(EditedModel&)>& use);
  // UNet evaluations with edited models.
  int64_t evaluations() const { return evaluations_; }
  // Removes what measuring left in the folder.
  void clean() const;

 private:
  std::filesystem::path measured_file() const { return folder_ / "measured.safetensors"; }
  void choose_anchor(Decisions& d, bool only);
  PullAndDrift measure_of(Effects& effects, const Decisions& d, const ConceptAnchor& anchor);
  void with_edit(const std::filesystem::path& file, const std::function<void(EditedModel&)>& use);
  Progressed measured(const std::vector<Trainables::Export>& tensors, const PullAndDrift& by);

  StableDiffusion& model_;
  TextCache& text_;
  LatentSize size_;
  Goal goal_;
  Progress& progress_;
  std::filesystem::path folder_;
  FileDType save_type_;
  std::function<void()> go_on_;
  std::vector<Decisions> decisions_;
  std::vector<Phrasing> learned_;
  std::vector<std::string> kept_;
  PullAndDrift pull_;
  int64_t evaluations_ = 0;
};

}  // namespace lacuna
