#include "erase/closed/decompositions.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>

namespace lacuna {

struct SymmetricFactors::Impl {
  Eigen::LDLT<Matrix> factors;
};

SymmetricFactors::SymmetricFactors(const Matrix& a)
    : impl_(std::make_unique<Impl>(Impl{Eigen::LDLT<Matrix>(a)})) {}
SymmetricFactors::~SymmetricFactors() = default;

bool SymmetricFactors::positive(double least) const {
  const Eigen::LDLT<Matrix>& f = impl_->factors;
  return f.info() == Eigen::Success && f.isPositive() && f.rcond() > least;
}

Matrix SymmetricFactors::solve(const Matrix& b) const { return impl_->factors.solve(b); }
Vector SymmetricFactors::solve(const Vector& b) const { return impl_->factors.solve(b); }

struct SquareFactors::Impl {
  Eigen::PartialPivLU<Matrix> factors;
};

SquareFactors::SquareFactors(const Matrix& a)
    : impl_(std::make_unique<Impl>(Impl{Eigen::PartialPivLU<Matrix>(a)})) {}
SquareFactors::~SquareFactors() = default;

Matrix SquareFactors::solve(const Matrix& b) const { return impl_->factors.solve(b); }

SymmetricEigen symmetric_eigen(const Matrix& a) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(a);
  return {eigen.eigenvalues(), eigen.eigenvectors()};
}

SingularValues singular_values(const Matrix& a) {
  const Eigen::JacobiSVD<Matrix> svd(a, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return {svd.matrixU(), svd.singularValues(), svd.matrixV()};
}

Matrix orthonormal_columns(const Matrix& a) {
  const Eigen::HouseholderQR<Matrix> qr(a);
  return qr.householderQ() * Matrix::Identity(a.rows(), std::min(a.rows(), a.cols()));
}

}  // namespace lacuna
