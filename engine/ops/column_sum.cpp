// Column sums in one dispatch or, where rows abound, in two: sums of chunks of rows, and their sum.
#include "engine/ops/column_sum.h"

#include <algorithm>

#include "engine/ops/elementwise.h"
#include "shaders/column_sum.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

int64_t chunk_of(int64_t rows) { return std::clamp<int64_t>((rows + 511) / 512, 64, 32768); }
int64_t chunks_of(int64_t rows) { return (rows + chunk_of(rows) - 1) / chunk_of(rows); }

std::vector<TensorType> outputs(const Node& n) {
  const Shape& x = n.in(0);
  expect_size(n, x);
  const Shape sums{x.last()};
  const int64_t chunks = chunks_of(x.rows());
  if (chunks == 1) return {{sums, DType::f32}};
  return {{sums, DType::f32}, {{chunks, x.last()}, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const int64_t rows = n.in(0).rows(), cols = n.in(0).last(), chunks = chunks_of(rows);
  if (chunks == 1) {
    record_column_sum(r, r.in(n, 0), r.out(n), rows, cols, rows);
    return;
  }
  record_column_sum(r, r.in(n, 0), r.out(n, 1), rows, cols, chunk_of(rows));
  record_column_sum(r, r.back(n, 1), r.out(n), chunks, cols, chunks);
}

const Op op = {"column_sum", outputs, record};

}  // namespace

Tensor column_sum(Tensor x) { return x.graph->node(op, {x}); }

void record_column_sum(Recorder& r, uint64_t x, uint64_t y, int64_t rows, int64_t cols,
                       int64_t chunk) {
  const uint32_t width = width_of(cols), local = r.traits().cpu ? 8 : 64;
  const int64_t columns = cols / width;
  const Groups along = Recorder::fold((columns + local - 1) / local);
  r.dispatch(kernels::column_sum_forward, DType::f32, {local, width},
             ColumnSumPush{.x = x,
                           .y = y,
                           .rows = static_cast<uint32_t>(rows),
                           .columns = static_cast<uint32_t>(columns),
                           .chunk = static_cast<uint32_t>(chunk)},
             {along.x, static_cast<uint32_t>((rows + chunk - 1) / chunk), along.y});
}

}  // namespace lacuna
