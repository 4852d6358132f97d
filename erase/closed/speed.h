// SPEED: Scalable, Precise and Efficient Concept Erasure (Li et al., ICLR 2026, arXiv 2503.07392).
//
// Moves each cross-attention matrix W only in directions that retained texts do not use. With the n
// concepts' embeddings e_i, their anchors' a_i, T = mean e e^T and A = mean a e^T:
//
//   1. A probe without constraints, W (A - T) (I + T)^-1, shows which retained embeddings r it
//      would move more than the mean: only they are kept.
//   2. Copies of them, r + noise along the right-singular vector of W's smallest singular value,
//      are kept by the same rule. If W has fewer rows than columns, any vector of its null space is
//      one.
//   3. P projects on the eigenvectors of R = mean r r^T whose eigenvalue lies below a threshold.
//   4. K holds what every prompt shares: the first embedding of the empty text and the centroids
//      of its other embeddings.
//   5. With M = (T P + rho I)^-1,
//
//        W' = W + W (A - T) P [I - M K (K^T P M K + lambda I)^-1 K^T P] M
//
//      which moves no embedding of K for lambda = 0, and no embedding that P maps to zero.
//
// No matrix of full size is inverted or multiplied: T and A - T are factored by Q from E = Q B, and
// P by the eigenvectors that it leaves out.
#pragma once

#include "erase/closed/closed_form.h"

namespace lacuna {

class Fields;

// The published program's values.
struct SpeedOptions {
  double threshold = 0.1, retain_scale = 1 /* rho */, lambda = 0;
  int64_t copies = 10;  // of each retained embedding
  bool filter = true;   // steps 1 and 2; without it all retained embeddings count as they are
  uint64_t seed = 0;    // of the noise

  void describe(Fields& fields);
  void check() const;
};

class Speed : public ClosedForm {
 public:
  explicit Speed(const SpeedOptions& options) : options_(options) { options_.check(); }

  std::string name() const override { return "speed"; }
  std::string formula() const override;
  std::map<std::string, std::string> options() const override;
  void prepare(const ConceptStates& states, std::span<const Matrix> matrices) override;
  Matrix edited(const Matrix& w) const override;

 private:
  struct Used;
  Used used_states(const Matrix& w) const;
  Matrix used_directions(const Matrix& w) const;

  SpeedOptions options_;
  Matrix retained_, invariant_;  // K
  Matrix q_;                     // of E = Q B, orthonormal columns
  Matrix t_, change_;            // T = Q t Q^T, A - T = change Q^T
};

// The centroids of the columns, [d,k]: Lloyd's iteration, from the first column and then always the
// column that lies farthest from all centroids so far. There are fewer if columns coincide.
Matrix centroids(const Matrix& columns, Eigen::Index k);

}  // namespace lacuna
