// Tables for --profile and --trace.
#pragma once

#include "models/stable_diffusion.h"

namespace lacuna {

// Time, GFLOP/s and GB/s by kind of op, the ten slowest nodes and the memory plan of one UNet call
// and of the VAE decoder, with the inputs that were set last.
void print_profile(StableDiffusion& model, int64_t batch, LatentSize size);
void print_trace(StableDiffusion& model, int64_t batch, LatentSize size);

}  // namespace lacuna
