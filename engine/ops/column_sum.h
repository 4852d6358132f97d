// Sums of the columns of a matrix of floats, in a fixed order: the gradient of a bias, and the
// merger of partial results.
#pragma once

#include "engine/graph.h"
#include "engine/recorder.h"

namespace lacuna {

// x [...,C] -> [C], f32.
Tensor column_sum(Tensor x);

// One dispatch that adds `rows` rows of `cols` at address x, `chunk` rows for each row at y.
void record_column_sum(Recorder& r, uint64_t x, uint64_t y, int64_t rows, int64_t cols,
                       int64_t chunk);

}  // namespace lacuna
