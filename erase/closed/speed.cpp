#include "erase/closed/speed.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/options/fields.h"
#include "base/rng.h"
#include "erase/closed/decompositions.h"
#include "erase/groups.h"

namespace lacuna {
namespace {

using Eigen::Index;

// By inverse iteration on W^T W: only a direction that W hardly sees is wanted, of equals any, and
// of nearly equals a mixture. Its largest number is positive.
Vector smallest_singular_vector(const Matrix& w) {
  Matrix squares = w.transpose() * w;
  squares.diagonal().array() += 1e-12 * squares.trace();
  const SymmetricFactors factors(squares);
  // A start with a part in every direction.
  Vector v = Vector::LinSpaced(w.cols(), 1, 2).normalized();
  constexpr int most = 500;
  for (int i = 0; i < most; i++) {
    const Vector next = factors.solve(v).normalized();
    const double change = (next - v).norm();
    v = next;
    if (change < 1e-12) break;
  }
  Index largest = 0;
  v.cwiseAbs().maxCoeff(&largest);
  return v(largest) < 0 ? Vector(-v) : v;
}

// Where a value lies above the mean of all.
std::vector<Index> above_mean(const Vector& values) {
  const double mean = values.mean();
  std::vector<Index> kept;
  for (Index i = 0; i < values.size(); i++)
    if (values(i) > mean) kept.push_back(i);
  return kept;
}

// K^T P M K is singular where a column of K lies in the span of the others or of what P leaves out;
// there is nothing to correct in such a direction.
Matrix pseudo_inverse(const Matrix& m, double scale) {
  const SingularValues svd = singular_values(m);
  Vector inverse = svd.values;
  for (double& s : inverse) s = s > 1e-12 * scale ? 1 / s : 0;
  return svd.right * inverse.asDiagonal() * svd.left.transpose();
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

void SpeedOptions::describe(Fields& f) {
  f.group(group::strength);
  f.add("retain-scale", retain_scale, "X", "Larger values make the change smaller")
      .range(1e-6, 1e6, "0.05 to 1 are usual")
      .from_model()
      .identity();
  f.add("threshold", threshold, "X",
        "A direction may change if the preserved texts use it less than this (an eigenvalue)")
      .range(0, 1e6, "0.1 is usual")
      .from_model()
      .identity();
  f.add("lambda", lambda, "X", "Larger values let the states of the empty text move")
      .range(0, 1e6, "0 is usual")
      .from_model()
      .identity();
  f.group(group::keep);
  f.add("copies", copies, "N", "Noisy copies of each preserved state")
      .range(0, 1000, "10 is usual")
      .from_model()
      .identity();
  f.add_off("filter", filter,
            "Keep every preserved state, not only those that the change would move")
      .identity();
  f.add("seed", seed, "N", "Seed of the noise").identity();
}

void SpeedOptions::check() const { fields_of(*this, "speed").check(); }

std::string Speed::formula() const {
  return fmt::format(
      "W' = W + W (A - T) P [I - M K (K^T P M K + {:g} I)^-1 K^T P] M, M = (T P + {:g} I)^-1, T = "
      "mean c c^T, A = mean a c^T, P: directions that retained texts r use less than {:g}",
      options_.lambda, options_.retain_scale, options_.threshold);
}

OptionTexts Speed::options() const { return fields_of(options_).identity(); }

void Speed::prepare(const ConceptStates& states, std::span<const Matrix>) {
  const StatePairs& pairs = states.pairs;
  retained_ = states.retained;
  q_ = orthonormal_columns(pairs.concepts);
  const Matrix b = q_.transpose() * pairs.concepts;
  const auto n = static_cast<double>(pairs.concepts.cols());
  t_ = b * b.transpose() / n;
  change_ = (pairs.anchors - pairs.concepts) * b.transpose() / n;
  constexpr Index published = 3;
  const Matrix others = centroids(states.empty.rightCols(states.empty.cols() - 1), published);
  invariant_.resize(others.rows(), 1 + others.cols());
  invariant_ << states.empty.col(0), others;
}

// Which retained states count for a matrix: r, and copies r + s v.
struct Speed::Used {
  Matrix states;         // [d,m]: the r
  Vector weight, along;  // [m]: over r and its copies, how many and the sum of s
  double along_squares;  // the sum of s^2 over all
  Vector v;
};

Speed::Used Speed::used_states(const Matrix& w) const {
  Used used{retained_, Vector::Ones(retained_.cols()), Vector::Zero(retained_.cols()), 0,
            Vector::Zero(w.cols())};
  if (!options_.filter || retained_.cols() == 0) return used;
  // The probe is H Q^T, as (A - T) (I + T)^-1 = change (I + t)^-1 Q^T with orthonormal Q.
  const Index k = t_.rows();
  const Matrix moved = (w * change_).transpose();
  const Matrix h = SymmetricFactors(Matrix::Identity(k, k) + t_).solve(moved).transpose();  // [c,k]
  const Matrix hh = h.transpose() * h;
  const auto squares_of = [&](const Matrix& y) -> Vector {
    return y.cwiseProduct(hh * y).colwise().sum().cwiseMax(0).transpose();
  };
  const Vector probed = squares_of(q_.transpose() * retained_);
  // Where none stands out all lengths are equal, so all count.
  if (const std::vector<Index> kept = above_mean(probed.cwiseSqrt()); !kept.empty())
    used.states = Matrix(retained_(Eigen::indexing::all, kept));

  const Index m = used.states.cols(), copies = static_cast<Index>(options_.copies);
  used.weight = Vector::Ones(m);
  used.along = Vector::Zero(m);
  if (copies == 0) return used;
  used.v = smallest_singular_vector(w);
  // Normal noise, projected on a unit vector, is a normal number.
  std::vector<double> noise(static_cast<size_t>(m * copies));
  Rng(RngKind::torch, options_.seed).randn(std::span<double>(noise));
  // |H Q^T (r + s v)|^2 = |H Q^T r|^2 + 2 s (H Q^T r) (H Q^T v) + s^2 |H Q^T v|^2
  const Matrix y = q_.transpose() * used.states, u = q_.transpose() * used.v;
  const Vector own = squares_of(y), mixed = y.transpose() * (hh * u);
  const double of_v = squares_of(u)(0);
  Vector lengths(m * copies);
  for (Index i = 0; i < lengths.size(); i++) {
    const double s = noise[static_cast<size_t>(i)];
    lengths(i) =
        std::sqrt(std::max(0.0, own(i / copies) + 2 * s * mixed(i / copies) + s * s * of_v));
  }
  for (const Index i : above_mean(lengths)) {
    const double s = noise[static_cast<size_t>(i)];
    used.weight(i / copies) += 1;
    used.along(i / copies) += s;
    used.along_squares += s * s;
  }
  return used;
}

// The orthonormal eigenvectors of R that P leaves out.
Matrix Speed::used_directions(const Matrix& w) const {
  const Used used = used_states(w);
  const Index d = w.cols(), m = used.states.cols();
  if (m == 0) return Matrix(d, 0);
  // All lies in the span of the states and v, which may be small.
  Matrix basis = Matrix::Identity(d, d);
  if (m + 1 < d) {
    Matrix span(d, m + 1);
    span << used.states, used.v;
    basis = orthonormal_columns(span);
  }
  const Matrix x = basis.transpose() * used.states;
  const Vector v = basis.transpose() * used.v, along = x * used.along;
  const Matrix sum = x * used.weight.asDiagonal() * x.transpose() + along * v.transpose() +
                     v * along.transpose() + used.along_squares * v * v.transpose();
  const SymmetricEigen eigen = symmetric_eigen(sum / used.weight.sum());
  const Index count = (eigen.values.array() >= options_.threshold).count();
  return basis * eigen.vectors.rightCols(count);
}

Matrix Speed::edited(const Matrix& w) const {
  const Matrix used = used_directions(w);
  const auto project = [&](const Matrix& x) -> Matrix { return x - used * (used.transpose() * x); };
  const double rho = options_.retain_scale;
  // By Woodbury's identity M = (I - Q (rho I + t Q^T P Q)^-1 t Q^T P) / rho.
  const Matrix pq = project(q_);
  Matrix inner = t_ * (q_.transpose() * pq);
  inner.diagonal().array() += rho;
  const SquareFactors solver(inner);
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
    throw InputError("[speed] the result holds numbers that are not finite; use a larger {}",
                     option("retain-scale"));
  return result;
}

}  // namespace lacuna
