#include "erase/closed/uce.h"

#include "base/options/fields.h"
#include "erase/groups.h"

namespace lacuna {

void UceOptions::describe(Fields& f) {
  f.group(group::strength);
  f.add("erase-scale", erase_scale, "X", "Weight of the concepts")
      .range(1e-6, 1e6, "1 is usual")
      .from_model()
      .identity();
  f.add("lambda", lambda, "X", "Weight of staying near the original matrices")
      .range(0, 1e6, "0.1 to 0.5 are usual")
      .from_model()
      .identity();
  f.group(group::keep);
  f.add("preserve-scale", preserve_scale, "X", "Weight of the texts that must stay")
      .range(0, 1e6, "0.1 to 1 are usual")
      .from_model()
      .identity();
}

void UceOptions::check(const char* method) const { fields_of(*this, method).check(); }

std::string UceOptions::formula() const {
  return fmt::format("min_W' {:g} sum |W' c - W a|^2 + {:g} sum |W' r - W r|^2 + {:g} |W' - W|^2",
                     erase_scale, preserve_scale, lambda);
}

OptionTexts UceOptions::texts() const { return fields_of(*this).identity(); }

std::string Uce::formula() const { return options_.formula(); }

std::map<std::string, std::string> Uce::options() const { return options_.texts(); }

void Uce::prepare(const ConceptStates& states, std::span<const Matrix>) {
  factors_ = uce(states.pairs, states.retained, options_);
}

MatrixFactors uce(const StatePairs& pairs, const Matrix& retained, const UceOptions& options,
                  const char* method) {
  const Matrix& c = pairs.concepts;
  Matrix m = options.lambda * Matrix::Identity(c.rows(), c.rows());
  m.selfadjointView<Eigen::Lower>().rankUpdate(c, options.erase_scale);
  m.selfadjointView<Eigen::Lower>().rankUpdate(retained, options.preserve_scale);
  m.triangularView<Eigen::StrictlyUpper>() = m.transpose();
  MatrixFactors factors{
      pairs.anchors - c,
      options.erase_scale *
          solve_positive(m, c, method, "use a larger --lambda, or preserve more texts")
              .transpose()};
  factors.shrink();
  return factors;
}

}  // namespace lacuna
