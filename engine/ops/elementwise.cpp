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

void expect_weights(const Node& n, std::initializer_list<int> weights) {
  const DType x = n.inputs[0].dtype(), w = n.inputs[*weights.begin()].dtype();
  bool fits = x != DType::i32 && (w == x || (x == DType::f32 && w == DType::f16));
  for (int i = 0; i < static_cast<int>(n.inputs.size()); i++) {
    const bool weight = std::find(weights.begin(), weights.end(), i) != weights.end();
    fits = fits && n.inputs[i].dtype() == (weight ? w : x);
  }
  if (fits) return;
  std::string types;
  for (const Tensor& input : n.inputs)
    types += (types.empty() ? "" : ", ") + std::string(name_of(input.dtype()));
  throw InputError(
      "[{}] expects activations and weights that are all f32 or all f16, or f32 activations and "
      "f16 weights, not {}",
      n.op->name, types);
}

void expect_size(const Node& n, const Shape& shape) {
  constexpr int64_t limit = int64_t{1} << 31;
  if (shape.elements() >= limit)
    throw InputError(
        "[{}] expects tensors of fewer than 2^31 elements, not {}; use a smaller {} or {}",
        n.op->name, shape.str(), option("batch"), option("size"));
}

Shape with_last(const Shape& shape, int64_t last) {
  return with_axis(shape, shape.rank() - 1, last);
}

Shape with_axis(const Shape& shape, int axis, int64_t size) {
  std::array<int64_t, 4> sizes{};
  for (int i = 0; i < shape.rank(); i++) sizes[i] = i == axis ? size : shape[i];
  return Shape(std::span<const int64_t>(sizes.data(), shape.rank()));
}

int axis_of(const char* name, const Shape& shape, int axis) {
  const int rank = shape.rank();
  if (axis < -rank || axis >= rank)
    throw InputError("[{}] expects an axis from {} to {} of {}, not {}", name, -rank, rank - 1,
                     shape.str(), axis);
  return axis < 0 ? axis + rank : axis;
}

int64_t pitch_of(const Shape& shape, int axis) {
  int64_t pitch = 1;
  for (int i = axis + 1; i < shape.rank(); i++) pitch *= shape[i];
  return pitch;
}

}  // namespace lacuna
