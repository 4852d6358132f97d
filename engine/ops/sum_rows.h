// Sums over rows: what the gradients of biases and norms end in.
#pragma once

#include "engine/graph.h"
#include "engine/recorder.h"

namespace lacuna {

// x f32 [N,...,C] -> f32 [N,C]: for each of N images the sum of its rows, in a fixed order.
Tensor sum_rows(Tensor x);

// How long walks down a column are cut: about the square root of the rows, so that both the walks
// and the sum of their results are short.
int64_t row_chunk(int64_t rows);
// Invocations of a workgroup that lie along `columns` vectors.
uint32_t column_lanes(const Recorder& r, uint32_t columns);

}  // namespace lacuna
