#include "cli/bench/bench_peak.h"

#include <fmt/format.h>

#include "cli/bench/bench_cases.h"
#include "engine/peak.h"

namespace lacuna {

MeasuredPeaks measure_peaks(Device& device, int repeat) {
  MeasuredPeaks m;
  m.peaks.cpu = device.traits().cpu;
  // Some tenths of a second on a CPU, some milliseconds on a large GPU, which needs a quarter of a
  // million invocations to be busy. Copies are larger than any cache.
  const int64_t elements = m.peaks.cpu ? 1 << 17 : 1 << 22, steps = m.peaks.cpu ? 4096 : 2048;
  const int64_t copied = m.peaks.cpu ? 1 << 24 : 1 << 26;
  using In = const std::vector<Tensor>&;
  const BenchCase cases[] = {
      {"peak.fma",
       fmt::format("{}x{}", elements, steps),
       {{elements}},
       [=](In t) { return multiply_adds(t[0], steps); }},
      {"peak.copy", fmt::format("{}", copied), {{copied}}, [](In t) { return copy(t[0]); }}};
  for (const BenchCase& c : cases)
    m.lines.push_back(measure_case(device, c, DType::f32, {.traits = device.traits()}, repeat));
  m.peaks.flop = m.lines[0].flop / m.peaks.time(m.lines[0].least);
  m.peaks.bytes = m.lines[1].bytes / m.peaks.time(m.lines[1].least);
  return m;
}

}  // namespace lacuna
