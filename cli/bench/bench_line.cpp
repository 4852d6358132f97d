#include "cli/bench/bench_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "jobs/interrupt.h"

namespace lacuna {
namespace {

constexpr double long_enough = 3;  // seconds

double median(const std::vector<double>& sorted) {
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

}  // namespace

std::string BenchLine::title() const {
  return fmt::format("{} {} {}{}{}", kernel, shape, dtype, model.empty() ? "" : " of ", model);
}

double BenchLine::spread(bool cpu) const {
  return cpu ? (most.cpu_seconds - least.cpu_seconds) / median.cpu_seconds
             : (most.seconds - least.seconds) / median.seconds;
}

Sample timed(const std::function<void()>& work) {
  const double begin = wall_seconds(), cpu = cpu_seconds();
  work();
  return {wall_seconds() - begin, cpu_seconds() - cpu};
}

void measure(BenchLine& line, int repeat, const std::function<Sample()>& run) {
  std::vector<double> seconds, cpu;
  double total = 0;
  for (int i = 0; i < repeat && (i < 2 || total < long_enough); i++) {
    if (interrupted()) throw Interrupted{};
    const Sample s = run();
    seconds.push_back(s.seconds), cpu.push_back(s.cpu_seconds);
    total += s.seconds;
  }
  std::ranges::sort(seconds);
  std::ranges::sort(cpu);
  line.runs = static_cast<int>(seconds.size());
  line.least = {seconds.front(), cpu.front()};
  line.median = {median(seconds), median(cpu)};
  line.most = {seconds.back(), cpu.back()};
}

double Peaks::share_of_peak(const BenchLine& l) const {
  return l.flop > 0 ? flop_rate(l) / flop : byte_rate(l) / bytes;
}

double Peaks::roof(double intensity) const { return std::min(flop, intensity * bytes); }

double Peaks::share_of_roof(const BenchLine& l) const {
  return std::max(flop_rate(l) / flop, byte_rate(l) / bytes);
}

}  // namespace lacuna
