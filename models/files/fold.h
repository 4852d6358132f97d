// Batch norm as inference uses it is one factor and one summand per channel, so a convolution
// before it can have both in its own weights.
#pragma once

#include <string>

#include "models/files/weight_store.h"

namespace lacuna {

// Derives CONVOLUTION.weight and CONVOLUTION.bias, with what NORM.weight, .bias, .running_mean and
// .running_var do to the outputs:
//   weight' = weight * norm.weight / sqrt(running_var + eps)
//   bias'   = (bias - running_mean) * norm.weight / sqrt(running_var + eps) + norm.bias
// A convolution without a bias gets one. Throws InputError if a tensor is missing.
void fold_batch_norm(WeightStore& store, const std::string& convolution, const std::string& norm,
                     float eps);

}  // namespace lacuna
