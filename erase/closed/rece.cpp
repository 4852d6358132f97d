#include "erase/closed/rece.h"

#include <vector>

#include "base/options/fields.h"
#include "erase/groups.h"

namespace lacuna {
namespace {

// S = sum W^T W.
Matrix sum_of_squares(std::span<const Matrix> matrices) {
  std::vector<Matrix> squares(matrices.size());
  in_parallel(matrices.size(), [&](size_t i) {
    const Matrix& w = matrices[i];
    squares[i] = Matrix::Zero(w.cols(), w.cols());
    squares[i].selfadjointView<Eigen::Lower>().rankUpdate(w.transpose());
  });
  // In the order of the matrices, so that the number of threads changes no bit.
  Matrix sum = squares.at(0);
  for (size_t i = 1; i < squares.size(); i++) sum += squares[i];
  sum.triangularView<Eigen::StrictlyUpper>() = sum.transpose();
  return sum;
}

}  // namespace

void ReceOptions::describe(Fields& f) {
  uce.describe(f);
  f.group(group::strength);
  f.add("revive-lambda", revive_lambda, "X",
        "Keeps the states that would revive the concept small: larger keeps them nearer to zero")
      .range(0, 1e6, "1e-3 to 0.1 are usual")
      .from_model()
      .identity();
  f.add("epochs", epochs, "N", "How often such states are searched and erased")
      .range(0, 100, "1 to 3 are usual")
      .from_model()
      .identity();
}

void ReceOptions::check() const { fields_of(*this, "rece").check(); }

std::string Rece::formula() const {
  return fmt::format(
      "{}; then {} times c' = ({:g} I + sum W'^T W')^-1 (sum W'^T W) c, erased in the same way",
      options_.uce.formula(), options_.epochs, options_.revive_lambda);
}

OptionTexts Rece::options() const { return fields_of(options_).identity(); }

void Rece::prepare(const ConceptStates& states, std::span<const Matrix> matrices) {
  const StatePairs& pairs = states.pairs;
  const Matrix squares = sum_of_squares(matrices);
  factors_ = uce(pairs, states.retained, options_.uce, "rece");
  for (int64_t epoch = 0; epoch < options_.epochs; epoch++) {
    const Matrix edited = factors_.applied(squares);  // S X
    Matrix system =                                   // X^T S X
        edited + factors_.right.transpose() * (factors_.left.transpose() * edited);
    system.diagonal().array() += options_.revive_lambda;
    const StatePairs revived = {solve_positive(system, edited.transpose() * pairs.concepts, "rece",
                                               "use a larger --revive-lambda"),
                                pairs.anchors};
    factors_.then(uce(revived, states.retained, options_.uce, "rece"));
  }
}

}  // namespace lacuna
