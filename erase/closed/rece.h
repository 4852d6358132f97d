// RECE: Reliable and Efficient Concept Erasure (Gong et al., ECCV 2024, arXiv 2407.12383).
//
// After UCE, other embeddings may still lead to what was erased. The embedding c' that revives a
// concept's embedding c best in the edited matrices W' also has a closed form (equation 9), over
// all of them:
//
//   c' = (lambda_r I + sum W'^T W')^-1 (sum W'^T W) c
//
// Each epoch finds the c' of every embedding and erases it in turn by UCE: c' -> the concept's
// anchor. As UCE's W' is W X with one X for all matrices, both sums come from S = sum W^T W:
// sum W'^T W' = X^T S X and sum W'^T W = X^T S.
#pragma once

#include <span>

#include "erase/closed/uce.h"

namespace lacuna {

struct ReceOptions {
  UceOptions uce = {.erase_scale = 1, .preserve_scale = 0.1, .lambda = 0.1};
  double revive_lambda = 1e-3;  // published: 1e-3 for artists and stubborn objects, else 0.1
  int64_t epochs = 1;           // published: 1, for unsafe content 2 or 3

  void describe(Fields& fields);
  void check() const;
};

class Rece : public ClosedForm {
 public:
  explicit Rece(const ReceOptions& options) : options_(options) { options_.check(); }

  std::string name() const override { return "rece"; }
  std::string formula() const override;
  std::map<std::string, std::string> options() const override;
  void prepare(const ConceptStates& states, std::span<const Matrix> matrices) override;
  Matrix edited(const Matrix& w) const override { return factors_.applied(w); }

 private:
  ReceOptions options_;
  MatrixFactors factors_;
};

}  // namespace lacuna
