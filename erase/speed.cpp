#include "erase/speed.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <limits>
#include <vector>

#include "engine/rng.h"
#include "erase/range.h"

namespace lacuna {
namespace {

using Eigen::Index;

Matrix orthonormal_columns(const Eigen::HouseholderQR<Matrix>& qr) {
  const Index columns = std::min(qr.rows(), qr.cols());
  return qr.householderQ() * Matrix::Identity(qr.rows(), columns);
}

// By inverse iteration on W^T W: only the direction is wanted, and of equals any.
Vector smallest_singular_vector(const Matrix& w) {
  Matrix squares = w.transpose() * w;
  squares.diagonal().array() += 1e-12 * squares.trace();
  const Eigen::LDLT<Matrix> factors(squares);
  // A start with a part in every direction.
  Vector v = Vector::LinSpaced(w.cols(), 1, 2).normalized();
  constexpr int most = 500;
  for (int i = 0; i < most; i++) {
    const Vector next = factors.solve(v).normalized();
    const double change = (next - v).norm();
    v = next;
    if (change < 1e-12) break;
  }
  return v;
}

// The columns of `all` whose value lies above the mean of the values.
std::vector<Index> above_mean(const Vector& values) {
  std::vector<Index> kept;
  for (Index i = 0; i < values.size(); i++)
    if (values(i) > values.mean()) kept.push_back(i);
  return kept;
}

// K^T P M K is singular where a column of K lies in the span of the others or of what P leaves out;
// there is nothing to correct in such a direction.
Matrix pseudo_inverse(const Matrix& m, double scale) {
  const Eigen::JacobiSVD<Matrix> svd(m, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Vector inverse = svd.singularValues();
  for (double& s : inverse) s = s > 1e-12 * scale ? 1 / s : 0;
  return svd.matrixV() * inverse.asDiagonal() * svd.matrixU().transpose();
}

}  // namespace

Matrix centroids(const Matrix& columns, Index k) {
  Matrix centres = columns.leftCols(std::min<Index>(1, columns.cols()));
  Vector distance = Vector::Constant(columns.cols(), std::numeric_limits<double>::infinity());
  while (centres.cols() > 0 && centres.cols() < k) {
    const Vector last = centres.rightCols(1);
    distance = distance.cwiseMin((columns.colwise() - last).colwise().squaredNorm().transpose());
    Index farthest = 0;
    if (distance.maxCoeff(&farthest) == 0) break;
    centres.conservativeResize(Eigen::NoChange, centres.cols() + 1);
    centres.rightCols(1) = columns.col(farthest);
  }
  constexpr int most = 100;
  for (int iteration = 0; iteration < most; iteration++) {
    Matrix sums = Matrix::Zero(centres.rows(), centres.cols());
    Vector counts = Vector::Zero(centres.cols());
    for (Index i = 0; i < columns.cols(); i++) {
      Index nearest = 0;
      (centres.colwise() - columns.col(i)).colwise().squaredNorm().minCoeff(&nearest);
      sums.col(nearest) += columns.col(i);
      counts(nearest)++;
    }
    Matrix next = centres;
    for (Index j = 0; j < centres.cols(); j++)
      if (counts(j) > 0) next.col(j) = sums.col(j) / counts(j);
    const bool still = (next - centres).norm() <= 1e-14 * centres.norm();
    centres = std::move(next);
    if (still) break;
  }
  return centres;
}

void SpeedOptions::check() const {
  check_range("speed", "--threshold", threshold, 0, 1e6, "0.1 is usual");
  check_range("speed", "--retain-scale", retain_scale, 1e-6, 1e6, "0.05 to 1 are usual");
  check_range("speed", "--lambda", lambda, 0, 1e6, "0 is usual");
  check_range("speed", "--copies", static_cast<double>(copies), 0, 1000, "10 is usual");
}

std::string Speed::formula() const {
  return fmt::format(
      "W' = W + W (A - T) P [I - M K (K^T P M K + {:g} I)^-1 K^T P] M, M = (T P + {:g} I)^-1, T = "
      "mean c c^T, A = mean a c^T, P: directions that retained texts r use less than {:g}",
      options_.lambda, options_.retain_scale, options_.threshold);
}

std::map<std::string, std::string> Speed::options() const {
  return {{"threshold", fmt::format("{:g}", options_.threshold)},
          {"retain-scale", fmt::format("{:g}", options_.retain_scale)},
          {"lambda", fmt::format("{:g}", options_.lambda)},
          {"copies", std::to_string(options_.copies)},
          {"filter", options_.filter ? "yes" : "no"},
          {"seed", std::to_string(options_.seed)}};
}

void Speed::prepare(const ConceptStates& states, std::span<const Matrix>) {
  const StatePairs& pairs = states.pairs;
  retained_ = states.retained;
  const Eigen::HouseholderQR<Matrix> qr(pairs.concepts);
  q_ = orthonormal_columns(qr);
  const Matrix b = q_.transpose() * pairs.concepts;
  const auto n = static_cast<double>(pairs.concepts.cols());
  t_ = b * b.transpose() / n;
  change_ = (pairs.anchors - pairs.concepts) * b.transpose() / n;
  constexpr Index published = 3;
  const Matrix others = centroids(states.empty.rightCols(states.empty.cols() - 1), published);
  invariant_.resize(others.rows(), 1 + others.cols());
  invariant_ << states.empty.col(0), others;
}

// The orthonormal eigenvectors of R that P leaves out.
Matrix Speed::used_directions(const Matrix& w) const {
  const Index d = w.cols();
  // States that count are columns of `base` with weights: r, and r + s v for its copies.
  Matrix base = retained_;
  Matrix weights = Matrix::Identity(base.cols(), base.cols());
  double count = static_cast<double>(base.cols());
  if (options_.filter && base.cols() > 0) {
    // (A - T) (I + T)^-1 = change (I + t)^-1 Q^T, as Q is orthonormal.
    const Index k = t_.rows();
    const Matrix moved = w * change_;
    const Matrix probe =
        (Matrix::Identity(k, k) + t_).ldlt().solve(moved.transpose()).transpose();  // [c,k]
    const Matrix squares = probe.transpose() * probe;
    const auto lengths = [&](const Matrix& y) -> Vector {
      return y.cwiseProduct(squares * y).colwise().sum().cwiseMax(0).cwiseSqrt().transpose();
    };
    const Matrix seen = q_.transpose() * retained_;
    const std::vector<Index> kept = above_mean(lengths(seen));
    // Where none stands out all lengths are equal, so all count.
    if (!kept.empty()) base = Matrix(retained_(Eigen::all, kept));
    const Matrix seen_base = q_.transpose() * base;
    const Index m = base.cols(), copies = static_cast<Index>(options_.copies);
    const Vector v = smallest_singular_vector(w), seen_v = q_.transpose() * v;
    std::vector<double> noise(static_cast<size_t>(d));
    Rng rng(RngKind::torch, options_.seed);
    Vector along(m * copies);
    Matrix seen_copies(seen.rows(), m * copies);
    for (Index i = 0; i < m * copies; i++) {
      rng.randn(std::span<double>(noise));
      along(i) = v.dot(Eigen::Map<const Vector>(noise.data(), d));
      seen_copies.col(i) = seen_base.col(i / copies) + along(i) * seen_v;
    }
    base.conservativeResize(Eigen::NoChange, m + 1);
    base.col(m) = v;
    weights = Matrix::Identity(m + 1, m + 1);
    weights(m, m) = 0;
    count = static_cast<double>(m);
    if (copies > 0)
      for (const Index i : above_mean(lengths(seen_copies))) {
        const Index r = i / copies;
        const double s = along(i);
        weights(r, r) += 1;
        weights(r, m) += s;
        weights(m, r) += s;
        weights(m, m) += s * s;
        count++;
      }
  }
  if (base.cols() == 0) return Matrix(d, 0);
  // R has no more dimensions than `base` has columns.
  const Eigen::HouseholderQR<Matrix> qr(base);
  const Matrix basis = orthonormal_columns(qr), inside = basis.transpose() * base;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(inside * weights * inside.transpose() / count);
  const Index used = (eigen.eigenvalues().array() >= options_.threshold).count();
  return basis * eigen.eigenvectors().rightCols(used);
}

Matrix Speed::edited(const Matrix& w) const {
  const Matrix used = used_directions(w);
  const auto project = [&](const Matrix& x) -> Matrix { return x - used * (used.transpose() * x); };
  const double rho = options_.retain_scale;
  // By Woodbury's identity M = (I - Q (rho I + t Q^T P Q)^-1 t Q^T P) / rho.
  const Matrix pq = project(q_);
  Matrix inner = t_ * (q_.transpose() * pq);
  inner.diagonal().array() += rho;
  const Eigen::PartialPivLU<Matrix> solver(inner);
  const Matrix pk = project(invariant_);
  const auto m_times = [&](const Matrix& x) -> Matrix {
    return (x - q_ * solver.solve(t_ * (pq.transpose() * x))) / rho;
  };
  const auto times_m = [&](const Matrix& x) -> Matrix {
    return (x - (x * q_) * solver.solve(t_ * pq.transpose())) / rho;
  };
  const Matrix mk = m_times(invariant_);
  Matrix corner = pk.transpose() * mk;
  corner.diagonal().array() += options_.lambda;
  const Matrix fix = pseudo_inverse(corner, invariant_.squaredNorm() / rho) * pk.transpose();
  const Matrix right = times_m(pq.transpose() - (pq.transpose() * mk) * fix);
  const Matrix result = w + (w * change_) * right;
  if (!result.allFinite())
    throw InputError(
        "[speed] the result holds numbers that are not finite; use a larger --retain-scale");
  return result;
}

}  // namespace lacuna
