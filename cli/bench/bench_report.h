// What `lacuna bench` prints: a table of 80 columns, or one JSON object a line.
#pragma once

#include <string>
#include <vector>

#include "cli/bench/bench_line.h"
#include "engine/device.h"

namespace lacuna {

// Prints lines as they come, and keeps them for what needs all of them.
class BenchReport {
 public:
  BenchReport(const DeviceInfo& device, const Peaks& peaks, bool json)
      : device_(device), peaks_(peaks), json_(json) {}

  void begin();
  void add(const BenchLine& line);
  // A line of its own between others; not among JSON.
  void say(const std::string& text);

  const std::vector<BenchLine>& lines() const { return lines_; }
  const Peaks& peaks() const { return peaks_; }

 private:
  void print_text(const BenchLine& line) const;
  void print_json(const BenchLine& line) const;

  const DeviceInfo& device_;
  Peaks peaks_;
  bool json_;
  std::vector<BenchLine> lines_;
};

// A number in seven columns or fewer, with about four digits.
std::string four_digits(double value);

}  // namespace lacuna
