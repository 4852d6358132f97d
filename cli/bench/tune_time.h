// How long one variant of a kernel takes.
#pragma once

#include "engine/device.h"
#include "engine/tuning.h"

namespace lacuna {

// The least of several runs of the node alone; CPU seconds of the process on a CPU driver, where
// wall time would include other work.
double seconds_of(Device& device, const TunableNode& node, const std::string& key, uint32_t code);

}  // namespace lacuna
