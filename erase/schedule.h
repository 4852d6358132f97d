// The learning rate at an iteration: linear warm-up, then constant, linear or cosine decay to zero.
#pragma once

#include <cstdint>

#include "base/options/words.h"

namespace lacuna {

enum class Decay { constant, linear, cosine };
std::span<const Word> words(Decay);

// The factor on the learning rate at `iteration` (0-based) of `iterations`, as
// transformers.get_scheduler has it: during warm-up iteration / warmup.
double rate_factor(Decay decay, int64_t iteration, int64_t iterations, int64_t warmup);

}  // namespace lacuna
