#include "erase/closed/uce.h"

#include "base/error.h"
#include "erase/range.h"

namespace lacuna {

void UceOptions::check(const char* method) const {
  check_range(method, "--erase-scale", erase_scale, 1e-6, 1e6, "1 is usual");
  check_range(method, "--preserve-scale", preserve_scale, 0, 1e6, "0.1 to 1 are usual");
  check_range(method, "--lambda", lambda, 0, 1e6, "0.1 to 0.5 are usual");
}

std::string UceOptions::formula() const {
  return fmt::format("min_W' {:g} sum |W' c - W a|^2 + {:g} sum |W' r - W r|^2 + {:g} |W' - W|^2",
                     erase_scale, preserve_scale, lambda);
}

std::map<std::string, std::string> UceOptions::texts() const {
  return {{"erase-scale", fmt::format("{:g}", erase_scale)},
          {"preserve-scale", fmt::format("{:g}", preserve_scale)},
          {"lambda", fmt::format("{:g}", lambda)}};
}

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
