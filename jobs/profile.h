// Tables for --profile and --trace.
#pragma once

#include "erase/train.h"
#include "jobs/draw/edits.h"
#include "models/generate.h"
#include "models/stable_diffusion.h"

namespace lacuna {

// Time, GFLOP/s and GB/s by kind of op, the ten slowest nodes and the memory plan of one UNet call
// and of the VAE decoder, with the inputs that were set last. `edited`: whose UNet and text encoder
// drew.
void print_profile(StableDiffusion& model, EditedModel& edited, int64_t batch, LatentSize size);
void print_trace(StableDiffusion& model, EditedModel& edited, int64_t batch, LatentSize size);
// CPU time of an iteration (forward, backward, update) and of its forward pass alone, and the table
// of its ops. Trains a little further: call it when the edit is written.
void print_training_profile(StableDiffusion& model, TextCache& text, Trainer& trainer,
                            Method& method, LatentSize size);

}  // namespace lacuna
