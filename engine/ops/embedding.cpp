#include "shaders/embedding.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

std::vector<TensorType> outputs(const Node& n) {
  const Shape &ids = n.in(0), &table = n.in(1), &positions = n.in(2);
  const DType type = n.inputs[1].dtype();
  if (n.inputs[0].dtype() != DType::i32 || type == DType::i32 || n.inputs[2].dtype() != type)
    throw InputError(
        "[embedding] expects ids in i32 and tables that are both f32 or both f16, not {}, {}, {}",
        name_of(n.inputs[0].dtype()), name_of(type), name_of(n.inputs[2].dtype()));
  if (ids.rank() != 2 || table.rank() != 2 || positions.rank() != 2 || positions[0] < ids[1] ||
      positions[1] != table[1])
    throw InputError(
        "[embedding] expects ids [B,T], table [V,C] and positions [P,C] with P >= T, not {}, {}, "
        "{}",
        ids.str(), table.str(), positions.str());
  const Shape y = {ids[0], ids[1], table[1]};
  for (const Shape& shape : {table, positions, y}) expect_size(n, shape);
  return {{y, type}};
}

void record(const Node& n, Recorder& r) {
  const Shape& y = n.out();
  const Elementwise e(r, y.elements(), {y.last()});
  r.dispatch(kernels::embedding_forward, n.dtype(), {e.local, e.width, e.steps},
             EmbeddingPush{r.in(n, 0), r.in(n, 1), r.in(n, 2), r.out(n), e.count,
                           static_cast<uint32_t>(n.in(1)[0]), e.by(y.last()),
                           divisor(static_cast<uint32_t>(y[1]))},
             e.groups());
}

const Op op = {"embedding", outputs, record};

}  // namespace

Tensor embedding(Tensor ids, Tensor table, Tensor positions) {
  return table.graph->node(op, {ids, table, positions});
}

}  // namespace lacuna
