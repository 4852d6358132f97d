#include "erase/closed/closed_form.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "base/error.h"
#include "erase/closed/decompositions.h"

namespace lacuna {

void MatrixFactors::shrink() {
  if (left.cols() <= left.rows()) return;
  left = Matrix(left * right);
  right = Matrix::Identity(left.cols(), left.cols());
}

void MatrixFactors::then(const MatrixFactors& next) {
  Matrix l(left.rows(), left.cols() + next.left.cols());
  l << left, next.left + left * (right * next.left);
  Matrix r(right.rows() + next.right.rows(), right.cols());
  r << right, next.right;
  left = std::move(l);
  right = std::move(r);
  shrink();
}

Matrix solve_positive(const Matrix& a, const Matrix& b, const char* method, const char* cure) {
  const SymmetricFactors factors(a);
  constexpr double least = 1e-14;
  if (!factors.positive(least))
    throw InputError("[{}] the system of equations has no unique solution; {}", method, cure);
  return factors.solve(b);
}

void in_parallel(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  const size_t threads = std::min<size_t>(count, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::exception_ptr> failures(count);
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) { failures[i] = std::current_exception(); }
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < threads; i++) helpers.emplace_back(run);
  run();
  for (std::thread& helper : helpers) helper.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace lacuna
