// What the closed forms share: text embeddings as the columns of matrices, and the change of a
// weight as a product of two thin factors.
//
// A cross-attention matrix W [c,d] maps a text embedding of width d to a key or a value. All
// methods here move it by W' = W + W L R with L [d,n], R [n,d] for n pairs of a concept's embedding
// and its anchor's, so that one concept costs far less than a product of full matrices. Arithmetic
// is f64.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <map>
#include <span>
#include <string>

namespace lacuna {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// Column by column: a concept's embedding, and what the matrices are to see instead.
struct StatePairs {
  Matrix concepts, anchors;  // [d,n] each
};

struct ConceptStates {
  StatePairs pairs;
  Matrix retained;  // [d,m]: embeddings that must stay; m may be 0
  Matrix empty;     // [d,T]: all embeddings of the empty text
};

// W' = W + W left right.
struct MatrixFactors {
  Matrix left, right;  // [d,n], [n,d]

  // The same change with at most d columns.
  void shrink();
  // First this change, then another one of the changed matrix: I + L R with
  // (I + L1 R1) (I + L2 R2).
  void then(const MatrixFactors& next);
  Matrix applied(const Matrix& w) const { return w + (w * left) * right; }
};

// A closed-form method as its verb sees it.
class ClosedForm {
 public:
  virtual ~ClosedForm() = default;

  virtual std::string name() const = 0;  // "uce"
  // What each W' solves, in one readable formula.
  virtual std::string formula() const = 0;
  // The options by name, as text, for the edit's metadata.
  virtual std::map<std::string, std::string> options() const = 0;
  // Called once, with the matrices that will be edited. Throws InputError if the problem has no
  // unique solution.
  virtual void prepare(const ConceptStates& states, std::span<const Matrix> matrices) = 0;
  // W'. Threads may call it at once.
  virtual Matrix edited(const Matrix& w) const = 0;
};

// The solution X of A X = B for a symmetric positive A. Throws InputError, in the name of `method`,
// if A cannot be inverted: `cure` then says what to do.
Matrix solve_positive(const Matrix& a, const Matrix& b, const char* method, const char* cure);

// Calls work(i) for every i < count on as many threads as the machine has; results must not depend
// on which thread does what.
void in_parallel(size_t count, const std::function<void(size_t)>& work);

}  // namespace lacuna
