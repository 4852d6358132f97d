#include "shaders/embedding.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/fill.h"
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
  const DType result = n.as<DType>();
  if (result != type && (result != DType::f32 || type != DType::f16))
    throw InputError("[embedding] expects to make {} of tables in {}, not {}",
                     type == DType::f16 ? "f16 or f32" : "f32", name_of(type), name_of(result));
  const Shape y = {ids[0], ids[1], table[1]};
  for (const Shape& shape : {table, positions, y}) expect_size(n, shape);
  return {{y, result}};
}

void record(const Node& n, Recorder& r) {
  const Shape& y = n.out();
  const Elementwise e(r, y.elements(), {y.last()});
  r.dispatch(kernels::embedding_forward, {n.dtype(), n.inputs[1].dtype()}, e.constants(),
             EmbeddingPush{r.in(n, 0), r.in(n, 1), r.in(n, 2), r.out(n), e.count,
                           static_cast<uint32_t>(n.in(1)[0]), e.by(y.last()),
                           divisor(static_cast<uint32_t>(y[1])), static_cast<uint32_t>(y[0])},
             e.groups());
}

// Each of up to 16 vectors of an invocation looks at all tokens, and some drivers end an
// invocation's loops silently after 65,535 iterations.
constexpr int64_t most_loops = 4000;

// Inputs ids and dy; the attribute is the number of rows of the table.
std::vector<TensorType> table_outputs(const Node& n) {
  if (n.in(0).elements() > most_loops)
    throw InputError("[embedding] expects at most {} tokens for the table's gradient, not {}",
                     most_loops, n.in(0).str());
  return {{{n.as<int64_t>(), n.in(1).last()}, DType::f32}};
}

void record_table(const Node& n, Recorder& r) {
  const Shape &dy = n.in(1), &table = n.out();
  const Elementwise zeros(r, table.elements(), {table.elements()});
  r.dispatch(kernels::fill_forward, DType::f32, zeros.constants(),
             FillPush{r.out(n), zeros.count, 0}, zeros.groups());
  const Elementwise e(r, dy.elements(), {dy.last()});
  r.dispatch(kernels::embedding_table, DType::f32, e.constants(),
             EmbeddingPush{.ids = r.in(n, 0),
                           .table = r.out(n),
                           .y = r.in(n, 1),
                           .count = e.count,
                           .rows = static_cast<uint32_t>(table[0]),
                           .columns = e.by(dy.last()),
                           .tokens = divisor(static_cast<uint32_t>(dy[1])),
                           .sentences = static_cast<uint32_t>(dy[0])},
             e.groups());
}

// Input dy; the attribute is the number of positions.
std::vector<TensorType> positions_outputs(const Node& n) {
  if (n.in(0)[0] > most_loops)
    throw InputError("[embedding] expects at most {} sentences for a gradient, not {}", most_loops,
                     n.in(0).str());
  return {{{n.as<int64_t>(), n.in(0).last()}, DType::f32}};
}

void record_positions(const Node& n, Recorder& r) {
  const Shape& dy = n.in(0);
  const Elementwise e(r, n.out().elements(), {dy.last()});
  r.dispatch(kernels::embedding_positions, DType::f32, e.constants(),
             EmbeddingPush{.positions = r.out(n),
                           .y = r.in(n, 0),
                           .count = e.count,
                           .columns = e.by(dy.last()),
                           .tokens = divisor(static_cast<uint32_t>(dy[1])),
                           .sentences = static_cast<uint32_t>(dy[0])},
             e.groups());
}

const Op table_op = {"embedding.dtable", table_outputs, record_table};
const Op positions_op = {"embedding.dpositions", positions_outputs, record_positions};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  Gradients grads(3);
  if (wanted[1]) grads[1] = dy.graph->node(table_op, {n.inputs[0], dy}, n.in(1)[0]);
  if (wanted[2]) grads[2] = dy.graph->node(positions_op, {dy}, n.in(2)[0]);
  return grads;
}

const Op op = {"embedding", outputs, record, nullptr, backward};

}  // namespace

Tensor embedding(Tensor ids, Tensor table, Tensor positions, DType type) {
  return table.graph->node(op, {ids, table, positions}, type);
}

Tensor embedding(Tensor ids, Tensor table, Tensor positions) {
  return embedding(ids, table, positions, table.dtype());
}

}  // namespace lacuna
