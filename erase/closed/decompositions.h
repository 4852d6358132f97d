// The decompositions that closed forms and exports use, compiled once: a compiler takes longer for
// them than for all else in erase/. All are Eigen's, in f64.
#pragma once

#include <memory>

#include "erase/closed/closed_form.h"

namespace lacuna {

// A symmetric matrix as L D L^T, of which the lower half is read.
class SymmetricFactors {
 public:
  explicit SymmetricFactors(const Matrix& a);
  ~SymmetricFactors();
  SymmetricFactors(const SymmetricFactors&) = delete;
  SymmetricFactors& operator=(const SymmetricFactors&) = delete;

  // Whether A is positive semi-definite, its reciprocal condition number above `least`.
  bool positive(double least) const;
  // A^-1 b.
  Matrix solve(const Matrix& b) const;
  Vector solve(const Vector& b) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A square matrix as a product of triangles, with pivots.
class SquareFactors {
 public:
  explicit SquareFactors(const Matrix& a);
  ~SquareFactors();
  SquareFactors(const SquareFactors&) = delete;
  SquareFactors& operator=(const SquareFactors&) = delete;

  Matrix solve(const Matrix& b) const;  // A^-1 b

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SymmetricEigen {
  Vector values;   // ascending
  Matrix vectors;  // its columns, orthonormal
};
SymmetricEigen symmetric_eigen(const Matrix& a);

struct SingularValues {
  Matrix left;    // U
  Vector values;  // descending
  Matrix right;   // V
};
SingularValues singular_values(const Matrix& a);

// The columns of Q of A = Q R, as many as the smaller side of A.
Matrix orthonormal_columns(const Matrix& a);

}  // namespace lacuna
