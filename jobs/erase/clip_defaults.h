// How the text encoder is trained with lists that are found, by `lacuna erase clip` and by the
// automatic run.
#pragma once

#include <cstdint>

namespace lacuna::clip_defaults {

inline constexpr const char* layers = "mlp-final-attn";
inline constexpr int64_t batch = 8, retain_batch = 16, epochs = 16, warmup = 5;
// The learning rate, as a share of the weights' root mean square.
inline constexpr double relative_change = 0.02;

}  // namespace lacuna::clip_defaults
