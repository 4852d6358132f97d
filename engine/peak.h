// What a device reaches at best, to measure kernels against: arithmetic without memory, and memory
// without arithmetic. Both in f32, whatever the storage of models.
#pragma once

#include "engine/graph.h"

namespace lacuna {

// For each element x of a tensor three chains from a = x, x + 1 and x + 2, `steps` times
// a = a * multiply_add_factor + multiply_add_term, and then their sum: 6 flop an element and step.
// `steps` is a multiple of 16. Throws InputError for other numbers of steps and other types.
Tensor multiply_adds(Tensor x, int64_t steps);
inline constexpr float multiply_add_factor = 0.75f, multiply_add_term = 0.25f;

// y = x in memory of its own.
Tensor copy(Tensor x);

}  // namespace lacuna
