// What an edit of the text encoder costs the concept and its neighbours, as shares that are lost.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jobs/progress.h"
#include "models/generate.h"

namespace lacuna {

class Fields;

struct MeasureOptions {
  std::string targets, neighbours;  // prompt files
  std::string kind;                 // "pictures", "pull", or empty: what fits
  int64_t count = 1;                // images of each prompt
  int steps = 12;

  void describe(Fields& fields);
};

class ConceptMeasure {
 public:
  // Measures the original at once. The model, the cache and the progress must outlive it. Throws
  // InputError if the checker cannot judge what is to be counted.
  static std::unique_ptr<ConceptMeasure> make(const MeasureOptions& options,
                                              const std::vector<std::string>& concepts,
                                              StableDiffusion& model, TextCache& text,
                                              Progress& progress);
  virtual ~ConceptMeasure() = default;

  // "target", then the neighbours' groups.
  const std::vector<std::string>& columns() const { return columns_; }
  virtual std::string about() const = 0;
  // A drop for each column: 0 nothing, 1 all is lost; below 0 if there is more than before.
  virtual std::vector<double> drops(const Overlay& edited_text) = 0;

 protected:
  std::vector<std::string> columns_;
};

}  // namespace lacuna
