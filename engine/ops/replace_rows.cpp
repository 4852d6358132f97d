// A table with some of its rows replaced: how a few rows of a large table are trained.
#include "shaders/replace_rows.h"

#include "engine/ops.h"
#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

// Inputs: table, ids, rows.
std::vector<TensorType> outputs(const Node& n) {
  const Shape &table = n.in(0), &ids = n.in(1), &rows = n.in(2);
  if (n.inputs[1].dtype() != DType::i32 || n.inputs[0].dtype() == DType::i32 ||
      n.inputs[2].dtype() != n.inputs[0].dtype())
    throw InputError(
        "[replace_rows] expects ids in i32, table and rows both in f32 or f16, not {}, {}, {}",
        name_of(n.inputs[1].dtype()), name_of(n.inputs[0].dtype()), name_of(n.inputs[2].dtype()));
  if (table.rank() != 2 || ids.rank() != 1 || rows.rank() != 2 || rows[0] != ids[0] ||
      rows[1] != table[1])
    throw InputError("[replace_rows] expects table [V,C], ids [R] and rows [R,C], not {}, {}, {}",
                     table.str(), ids.str(), rows.str());
  expect_size(n, table);
  return {n.inputs[0].type};
}

void record(const Node& n, Recorder& r) {
  const Shape &table = n.in(0), &rows = n.in(2);
  const Elementwise copy(r, table.elements(), {table.last()});
  r.dispatch(
      kernels::replace_rows_copy, n.dtype(), copy.constants(),
      ReplaceRowsPush{.table = r.in(n, 0), .rows = 0, .y = r.out(n), .ids = 0, .count = copy.count},
      copy.groups());
  const Elementwise put(r, rows.elements(), {rows.last()});
  r.dispatch(kernels::replace_rows_put, n.dtype(), put.constants(),
             ReplaceRowsPush{.table = 0,
                             .rows = r.in(n, 2),
                             .y = r.out(n),
                             .ids = r.in(n, 1),
                             .count = put.count,
                             .columns = put.by(rows.last())},
             put.groups());
}

// Inputs ids and dy.
std::vector<TensorType> rows_outputs(const Node& n) {
  return {{{n.in(0)[0], n.in(1).last()}, DType::f32}};
}

void record_rows(const Node& n, Recorder& r) {
  const Shape& rows = n.out();
  const Elementwise e(r, rows.elements(), {rows.last()});
  r.dispatch(kernels::replace_rows_gather, DType::f32, e.constants(),
             ReplaceRowsPush{.table = 0,
                             .rows = r.out(n),
                             .y = r.in(n, 1),
                             .ids = r.in(n, 0),
                             .count = e.count,
                             .columns = e.by(rows.last())},
             e.groups());
}

const Op rows_op = {"replace_rows.drows", rows_outputs, record_rows};

Gradients backward(const Node& n, Tensor dy, const Wanted& wanted) {
  if (wanted[0]) throw InputError("[replace_rows] has a gradient for the rows, not for the table");
  return {{}, {}, dy.graph->node(rows_op, {n.inputs[1], dy})};
}

const Op op = {"replace_rows", outputs, record, nullptr, backward};

}  // namespace

Tensor replace_rows(Tensor table, Tensor ids, Tensor rows) {
  return table.graph->node(op, {table, ids, rows});
}

}  // namespace lacuna
