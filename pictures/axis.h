// Axes of charts: a range that holds the data, and ticks at values that people can read.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lacuna {

struct Axis {
  double low = 0, high = 1;  // low < high, both finite
  bool log = false;
  std::vector<double> ticks;  // ascending, within the range; 1, 2 or 5 times a power of ten apart
  std::vector<double> minor;  // between them, without labels; on a log axis only
  std::vector<std::string> labels;  // of the ticks: all different, at most 16 characters

  double place(double value) const;  // 0 at low, 1 at high
};

// What can be drawn: no NaN, no infinity, nothing so large that a range overflows.
bool drawable(double value);

enum class Ends { tight, round };  // the range of the data, or from tick to tick

// For the values that can be drawn; without any, 0 to 1.
Axis linear_axis(std::span<const double> values, int most_ticks, Ends ends);
// Logarithmic if all values are positive and the largest is over 100 times the least.
Axis automatic_axis(std::span<const double> values, int most_ticks);

// From the nearest 1, 2 or 5 times a power of ten at or below `low` to that at or above `high`,
// with ticks at powers of ten; 0 < low < high.
Axis log_axis(double low, double high, int most_ticks);

// "0.25", "1200", "3e-5": shortest form with at most `digits` significant digits.
std::string short_number(double value, int digits);

}  // namespace lacuna
