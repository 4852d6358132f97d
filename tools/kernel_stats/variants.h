// Every kernel variant that a GPU compiles for Stable Diffusion 1.x: kernel, storage type and
// specialization constants, found by tracing the models at 512 x 512 pixels without any weights.
#pragma once

#include <string>
#include <vector>

#include "engine/device.h"

namespace lacuna {

struct Variant {
  Dispatch dispatch;  // the largest one that needs the variant
  std::string use;    // and where it stands, such as "sample linear 2x4096x320 -> 2x4096x320"
};

std::string constants_of(const Variant& variant);  // such as "128,1,0,1"; "-" for none

// Ordered by kernel, type and constants. `device` only counts. Throws InputError naming the kernels
// that no graph uses, so that a new kernel cannot be forgotten.
std::vector<Variant> sd15_variants(Device& device);

}  // namespace lacuna
