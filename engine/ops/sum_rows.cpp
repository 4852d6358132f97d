// Sums over the rows of images in one dispatch, or, where there are many rows, in two: of chunks of
// rows, and of the chunks' sums. Outputs: y; scratch.
#include "engine/ops/sum_rows.h"

#include <algorithm>
#include <bit>

#include "engine/ops/elementwise.h"
#include "shaders/kernels.h"
#include "shaders/sum_rows.h"

namespace lacuna {
namespace {

int64_t rows_of(const Shape& x) { return x.elements() / x[0] / x.last(); }
int64_t chunks_of(int64_t rows) { return (rows + row_chunk(rows) - 1) / row_chunk(rows); }

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Shape& x = n.in(0);
  if (x.rank() < 2 || n.inputs[0].dtype() != DType::f32)
    throw InputError("[sum_rows] expects f32 [N,...,C], not {} {}", name_of(n.inputs[0].dtype()),
                     x.str());
  return {{{x[0], x.last()}, DType::f32}, {{x[0], chunks_of(rows_of(x)), x.last()}, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const Shape& x = n.in(0);
  const int64_t images = x[0], rows = rows_of(x), cols = x.last();
  // A software driver has few cores to keep busy and pays for every dispatch.
  const int64_t alone = r.traits().cpu ? 1024 : 64;
  const uint64_t from = r.in(n, 0);
  if (rows <= alone) return record_row_sums(r, from, r.out(n), {images, rows, cols, rows});
  record_row_sums(r, from, r.out(n, 1), {images, rows, cols, row_chunk(rows)});
  const int64_t chunks = chunks_of(rows);
  record_row_sums(r, r.back(n, 1), r.out(n), {images, chunks, cols, chunks});
}

const Op op = {"sum_rows", outputs, record};

}  // namespace

int64_t row_chunk(int64_t rows) {
  // The next power of two is at most twice the square root of rows, so below 65,536 iterations.
  const int64_t root = int64_t{1} << (std::bit_width(static_cast<uint64_t>(rows)) + 1) / 2;
  return std::max<int64_t>(root, 32);
}

uint32_t column_lanes(const Recorder& r, uint32_t columns) {
  return std::clamp(std::bit_ceil(columns), 8u, r.traits().cpu ? 16u : 64u);
}

void record_row_sums(Recorder& r, uint64_t x, uint64_t y, const RowSums& s) {
  const uint32_t width = width_of(s.cols);
  const auto columns = static_cast<uint32_t>(s.cols / width);
  const uint32_t local = column_lanes(r, columns);
  const auto chunks = static_cast<uint32_t>((s.rows + s.chunk - 1) / s.chunk);
  const auto images = static_cast<uint32_t>(s.images);
  const Groups along = Recorder::fold((int64_t{columns} + local - 1) / local);
  r.dispatch(kernels::sum_rows_forward, DType::f32,
             {{Constant::LOCAL, local}, {Constant::WIDTH, width}},
             SumRowsPush{x, y, images, static_cast<uint32_t>(s.rows), columns,
                         static_cast<uint32_t>(s.chunk), chunks},
             {along.x, chunks, images * along.y});
}

Tensor sum_rows(Tensor x) { return x.graph->node(op, {x}); }

Tensor column_sum(Tensor x) {
  const Shape& shape = x.shape();
  return sum_rows(x.reshape({1, shape.rows(), shape.last()})).reshape({shape.last()});
}

}  // namespace lacuna
