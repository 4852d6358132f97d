// The embedded model in f32 on the tests' device, loaded at its first use.
#pragma once

#include "models/stable_diffusion.h"

namespace lacuna::test {

StableDiffusion& pico();

}  // namespace lacuna::test
