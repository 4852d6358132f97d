// A line of `lacuna bench`: what ran, the statistics of its runs, and what they say about a device
// whose peaks are known.
#pragma once

#include <functional>
#include <string>

namespace lacuna {

struct Sample {
  double seconds = 0, cpu_seconds = 0;  // the CPU seconds are those of the whole process
};

struct BenchLine {
  std::string kernel, shape, dtype;
  std::string model;  // whose whole program it is; empty for a single kernel
  int runs = 0;
  Sample median, least, most;  // of the runs; each of the two clocks on its own
  double first_seconds = 0;    // until the first run was over, with compilation
  double flop = 0, bytes = 0;  // of one run; 0 if they are not counted

  // The same for the same measurement of another day.
  std::string key() const { return model + "|" + kernel + "|" + shape + "|" + dtype; }
  // "conv2d.dx 64x64x320x320 f32"
  std::string title() const;
  bool is_peak() const { return kernel.starts_with("peak."); }
  // (most - least) / median of one clock.
  double spread(bool cpu) const;
};

// Calls `run` `repeat` times, or, once three seconds are over, twice. The caller has warmed up.
void measure(BenchLine& line, int repeat, const std::function<Sample()>& run);
// How long `work` takes.
Sample timed(const std::function<void()>& work);

// What the FMA loop and the copy loop reached on the device, in flop and bytes per second; on a CPU
// driver per CPU second, because the machine also does other work.
struct Peaks {
  double flop = 0, bytes = 0;
  bool cpu = false;

  // The clock that counts.
  double time(const Sample& s) const { return cpu ? s.cpu_seconds : s.seconds; }
  double flop_rate(const BenchLine& l) const { return l.flop / time(l.median); }
  double byte_rate(const BenchLine& l) const { return l.bytes / time(l.median); }
  // Of the peak: in flop if they are counted, otherwise in bytes.
  double share_of_peak(const BenchLine& l) const;
  // What the roofline allows (Williams et al. 2009): the lesser of the flop peak and intensity
  // times the bandwidth; as a share, also for lines without flop.
  double roof(double intensity) const;
  double share_of_roof(const BenchLine& l) const;
};

}  // namespace lacuna
