// What the device reaches at best, measured like any other kernel.
#pragma once

#include <vector>

#include "cli/bench/bench_line.h"
#include "engine/device.h"

namespace lacuna {

struct MeasuredPeaks {
  Peaks peaks;                   // from the best runs: what could be reached
  std::vector<BenchLine> lines;  // "peak.fma" and "peak.copy"
};

// Takes about a second. Throws DeviceError if the device lacks the memory.
MeasuredPeaks measure_peaks(Device& device, int repeat);

}  // namespace lacuna
