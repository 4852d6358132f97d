// Sums over rows: what the gradients of biases and norms end in, and what merges partial results.
#pragma once

#include "engine/graph.h"
#include "engine/recorder.h"

namespace lacuna {

// x f32 [N,...,C] -> f32 [N,C]: for each of N images the sum of its rows, in a fixed order.
Tensor sum_rows(Tensor x);
// x f32 [...,C] -> f32 [C]: the sum of all rows.
Tensor column_sum(Tensor x);

// One dispatch of that: of each of `images` images at address x, `chunk` of its rows for each row
// at y.
struct RowSums {
  int64_t images, rows, cols, chunk;
};
void record_row_sums(Recorder& r, uint64_t x, uint64_t y, const RowSums& sums);

// How long walks down a column are cut: about the square root of the rows, so that both the walks
// and the sum of their results are short.
int64_t row_chunk(int64_t rows);
// Invocations of a workgroup that lie along `columns` vectors.
uint32_t column_lanes(const Recorder& r, uint32_t columns);

}  // namespace lacuna
