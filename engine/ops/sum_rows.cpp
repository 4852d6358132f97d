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
  const uint32_t width = width_of(x.last());
  const auto columns = static_cast<uint32_t>(x.last() / width);
  const uint32_t local = column_lanes(r, columns);
  const auto sum = [&](uint64_t from, uint64_t to, int64_t rows, int64_t chunk) {
    const auto chunks = static_cast<uint32_t>((rows + chunk - 1) / chunk);
    r.dispatch(kernels::sum_rows_forward, DType::f32, {local, width},
               SumRowsPush{from, to, static_cast<uint32_t>(rows), columns,
                           static_cast<uint32_t>(chunk), chunks},
               {(columns + local - 1) / local, chunks, static_cast<uint32_t>(x[0])});
  };
  // A software driver has few cores to keep busy and pays for every dispatch.
  const int64_t rows = rows_of(x), alone = r.traits().cpu ? 1024 : 64;
  const uint64_t from = r.in(n, 0);
  if (rows <= alone) return sum(from, r.out(n), rows, rows);
  sum(from, r.out(n, 1), rows, row_chunk(rows));
  const uint64_t sums = r.back(n, 1);
  sum(sums, r.out(n), chunks_of(rows), chunks_of(rows));
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

Tensor sum_rows(Tensor x) { return x.graph->node(op, {x}); }

}  // namespace lacuna
