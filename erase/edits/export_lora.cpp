#include <algorithm>

#include "base/error.h"
#include "base/options/option.h"
#include "base/tensors/safetensors.h"
#include "erase/closed/decompositions.h"
#include "erase/edits/export.h"
#include "erase/edits/kohya.h"

namespace lacuna {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Factors {
  Rows up, down;  // [out,r], [r,in]
  double squares = 0, kept = 0;
};

// By the eigenvectors of the smaller of dW dW^T and dW^T dW. sqrt(s) goes to either factor, so that
// both have numbers of the same size, which f16 wants.
Factors factors_of(const Change& c, int64_t rank) {
  const auto out = static_cast<Eigen::Index>(c.shape[0]);
  const auto in = static_cast<Eigen::Index>(c.change.size()) / out;
  const Matrix change = Eigen::Map<const Rows>(c.change.data(), out, in).cast<double>();
  const bool tall = out > in;
  const Matrix squares =
      tall ? Matrix(change.transpose() * change) : Matrix(change * change.transpose());
  const SymmetricEigen eigen = symmetric_eigen(squares);
  const Eigen::Index kept = std::min<Eigen::Index>(rank, squares.rows());
  // Ascending by the square of the singular value.
  const Vector values = eigen.values.tail(kept).cwiseMax(0);
  const Matrix basis = eigen.vectors.rightCols(kept);
  const Matrix other = tall ? Matrix(change * basis) : Matrix(basis.transpose() * change);
  const Vector root = values.array().sqrt().sqrt();
  const Vector inverse = root.unaryExpr([](double r) { return r > 0 ? 1 / r : 0; });
  Factors f;
  if (tall) {
    f.up = (other * inverse.asDiagonal()).cast<float>();
    f.down = (root.asDiagonal() * basis.transpose()).cast<float>();
  } else {
    f.up = (basis * root.asDiagonal()).cast<float>();
    f.down = (inverse.asDiagonal() * other).cast<float>();
  }
  f.squares = squares.trace();
  f.kept = std::min(values.sum(), f.squares);
  return f;
}

TensorToWrite tensor(std::string name, FileDType type, std::vector<int64_t> shape, Rows values) {
  return {std::move(name), type, std::move(shape),
          [type, values = std::move(values)](std::span<std::byte> bytes) {
            bytes_from_floats({values.data(), static_cast<size_t>(values.size())}, type, bytes);
          }};
}

}  // namespace

double LoraReport::kept() const {
  double squares = 0, remaining = 0;
  for (const LoraLoss& t : tensors) {
    squares += t.squares;
    remaining += t.kept;
  }
  return squares > 0 ? remaining / squares : 1;
}

LoraReport export_lora(const std::filesystem::path& file, EditSums edits, int64_t rank,
                       FileDType type, const TensorFile::Metadata& metadata,
                       const TellTensors& tell) {
  LoraReport report;
  std::vector<TensorToWrite> tensors;
  size_t total = 0, done = 0;
  for (const EditSum& part : edits) total += part.names().size();
  const auto add = [&](const EditSum& part, const std::string& name) {
    tell(done++, total);
    const Change c = part.change(name);
    if (c.shape.size() < 2 || c.change.empty()) {
      report.left_out.push_back(c.name);
      return;
    }
    Factors f = factors_of(c, rank);
    const int64_t kept = f.down.rows();
    report.tensors.push_back({c.name, kept, f.squares, f.kept});
    std::vector<int64_t> down = c.shape, up(c.shape.size(), 1);
    down[0] = up[1] = kept;
    up[0] = c.shape[0];
    const std::string module = kohya_name(part.part(), c.name);
    tensors.push_back(tensor(module + kohya::down, type, down, std::move(f.down)));
    tensors.push_back(tensor(module + kohya::up, type, up, std::move(f.up)));
    // A reader multiplies by alpha / rank.
    tensors.push_back(
        tensor(module + kohya::alpha, type, {}, Rows::Constant(1, 1, static_cast<float>(kept))));
  };
  for (const EditSum& part : edits)
    for (const std::string& name : part.names()) add(part, name);
  if (tensors.empty())
    throw InputError(
        "[export] the edits change no matrix and no convolution, so there is nothing for a LoRA; "
        "use {}",
        option("delta"));
  write_safetensors(file, std::move(tensors), metadata, Overwrite::yes);
  return report;
}

}  // namespace lacuna
