// UCE: Unified Concept Editing (Gandikota et al., WACV 2024, arXiv 2308.14761, equation 7).
//
// For every cross-attention matrix W, embeddings c_i of the concepts, embeddings a_i of their
// anchors and embeddings r_j that are preserved, the least-squares problem
//
//   min_W'  s_e sum_i |W' c_i - W a_i|^2 + s_p sum_j |W' r_j - W r_j|^2 + lambda |W' - W|^2
//
// has the solution W' = W B M^-1 with M = lambda I + s_e sum c c^T + s_p sum r r^T and
// B = M + s_e sum (a - c) c^T. Neither depends on W: M is factored once for all matrices, and
//
//   W' = W + W L R    with L = [a_1 - c_1, ...], R = s_e [c_1, ...]^T M^-1.
#pragma once

#include "erase/closed/closed_form.h"

namespace lacuna {

class Fields;

// The published program's values.
struct UceOptions {
  double erase_scale = 1, preserve_scale = 1, lambda = 0.5;

  void describe(Fields& fields);
  // Throws InputError, in the name of `method`, naming what is out of range.
  void check(const char* method) const;
  // The problem as text, and the options by name.
  std::string formula() const;
  std::map<std::string, std::string> texts() const;
};

// The change that solves the problem, for every W. Throws InputError, in the name of `method`, if M
// cannot be inverted.
MatrixFactors uce(const StatePairs& pairs, const Matrix& retained, const UceOptions& options,
                  const char* method = "uce");

class Uce : public ClosedForm {
 public:
  explicit Uce(const UceOptions& options) : options_(options) { options_.check("uce"); }

  std::string name() const override { return "uce"; }
  std::string formula() const override;
  std::map<std::string, std::string> options() const override;
  void prepare(const ConceptStates& states, std::span<const Matrix> matrices) override;
  Matrix edited(const Matrix& w) const override { return factors_.applied(w); }

 private:
  UceOptions options_;
  MatrixFactors factors_;
};

}  // namespace lacuna
