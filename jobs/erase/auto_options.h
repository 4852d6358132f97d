// The options of `lacuna erase` without a method.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "base/tensors/tensor_file.h"
#include "erase/concept/sentences.h"
#include "jobs/model_options.h"

namespace lacuna {

struct AutoOptions {
  std::vector<std::string> concepts;
  std::optional<ConceptKind> kind;
  std::vector<std::string> anchors;  // none, one for all or one for each; "none": nothing
  std::string retain_file;
  double until = 0.05, drift = 0.05;
  int64_t budget = 4000;   // UNet evaluations, backward counted as two
  int64_t images = 8;      // of the verdict
  int64_t other_ways = 1;  // images of each other way of asking
  uint64_t seed = 0;
  std::string size, out = "edit.safetensors", run;
  FileDType save_type = FileDType::f16;
  bool show_neighbours = false, plan_only = false, resume = false, force = false, json = false;
  ModelOptions common;

  void describe(Fields& fields);
  // Throws InputError for what contradicts itself.
  void check() const;
  // The anchor that the user names for a concept; "" for nothing.
  std::optional<std::string> anchor_of(size_t concept_index) const;
  // Of the run: OUT.run unless the user says otherwise.
  std::filesystem::path run_folder() const;
  // What an edit depends on, as text.
  OptionTexts texts() const;
};

}  // namespace lacuna
