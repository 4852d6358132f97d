#include "engine/ops/elementwise.h"

#include <algorithm>

#include "base/options/option.h"

namespace lacuna {

Elementwise::Elementwise(const Recorder& r, int64_t elements, std::initializer_list<int64_t> rows) {
  const bool fours =
      std::all_of(rows.begin(), rows.end(), [](int64_t row) { return row % 4 == 0; });
  width = fours ? 4 : 1;
  // Software drivers pay for every workgroup; GPUs want many of them.
  steps = r.traits().cpu ? 16 : 4;
  count = vectors(elements);
}

void expect_floats(const Node& n) {
  for (const Tensor& input : n.inputs) {
    if (input.dtype() == DType::i32 || input.dtype() != n.inputs[0].dtype())
      throw InputError("[{}] expects inputs that are all f32 or all f16, not {} and {}", n.op->name,
                       name_of(n.inputs[0].dtype()), name_of(input.dtype()));
    expect_size(n, input.shape());
  }
}

void expect_size(const Node& n, const Shape& shape) {
  constexpr int64_t limit = int64_t{1} << 31;
  if (shape.elements() >= limit)
    throw InputError(
        "[{}] expects tensors of fewer than 2^31 elements, not {}; use a smaller {} or {}",
        n.op->name, shape.str(), option("batch"), option("size"));
}

Shape with_last(const Shape& shape, int64_t last) {
  std::array<int64_t, 4> sizes{};
  for (int i = 0; i < shape.rank(); i++) sizes[i] = shape[i];
  sizes[shape.rank() - 1] = last;
  return Shape(std::span<const int64_t>(sizes.data(), shape.rank()));
}

}  // namespace lacuna
