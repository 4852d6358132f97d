// The whole programs of `lacuna bench --models`.
//
//   unet.forward   two predictions at once, as classifier-free guidance needs them
//   unet.fwd+bwd   forward, loss and the gradients of the weights that ESD-x trains, one example
//   esd.iteration  the same and the optimizer, as `lacuna erase esd` runs it
//   vae.decode     latents to pixels
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cli/bench/bench_line.h"
#include "engine/device.h"

namespace lacuna {

struct ProgramOptions {
  std::filesystem::path folder;  // of the model
  std::string size;              // in pixels, such as "512x512"; empty: the model's own
  int repeat = 5;
  // Whether a program ("unet.forward 2x8x8x4") is to be measured.
  std::function<bool(const std::string& title)> wanted;
};

// Loads the model and measures its programs one after the other. Shapes are N x H x W x C of the
// latents. Flop and bytes are the sums over the nodes; the optimizer's are not counted. Throws
// InputError naming what is wrong with the folder or the size, DeviceError if the device lacks the
// memory.
void measure_programs(Device& device, const ProgramOptions& options, DType type,
                      const std::function<void(const BenchLine&)>& visit);

}  // namespace lacuna
