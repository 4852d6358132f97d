#include "pictures/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lacuna {
namespace {

constexpr double most_drawable = 1e300, least_log = 1e-300, least_range = 1e-290;

struct Range {
  double low, high;
  bool any;
};

Range range_of(std::span<const double> values) {
  Range range{0, 1, false};
  for (const double v : values) {
    if (!drawable(v)) continue;
    range.low = range.any ? std::min(range.low, v) : v;
    range.high = range.any ? std::max(range.high, v) : v;
    range.any = true;
  }
  return range;
}

// 10^exponent times 1, 2 or 5.
struct Step {
  int factor, exponent;

  double size() const { return factor * std::pow(10.0, exponent); }
  // For negative exponents a division by an exact power gives the decimal that was meant: 0.3, not
  // 0.30000000000000004.
  double times(double count) const {
    if (count == 0) return 0;  // never -0
    return exponent < 0 ? count * factor / std::pow(10.0, -exponent) : count * size();
  }
};

Step step_for(double range, int most_ticks) {
  Step step{1, static_cast<int>(std::floor(std::log10(range / most_ticks)))};
  for (const int factor : {1, 2, 5}) {
    step.factor = factor;
    if (range / step.size() <= most_ticks) return step;
  }
  return {1, step.exponent + 1};
}

// "1.50e-05" -> "1.5e-5"
std::string scientific(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", value, std::max(0, digits));
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.resize(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  return fmt::format("{}e{}", mantissa, std::atoi(text.c_str() + e + 1));
}

std::vector<std::string> labels_of(const std::vector<double>& ticks, const Step& step) {
  const double largest = ticks.empty() ? 0 : std::max(std::abs(ticks.front()), ticks.back());
  std::vector<std::string> labels;
  for (const double tick : ticks) {
    if (largest < 1e7 && step.exponent >= -6) {
      labels.push_back(fmt::format("{:.{}f}", tick, std::max(0, -step.exponent)));
    } else if (tick == 0) {
      labels.emplace_back("0");
    } else {
      const auto magnitude = static_cast<int>(std::floor(std::log10(std::abs(tick)) + 1e-9));
      labels.push_back(scientific(tick, magnitude - step.exponent));
    }
  }
  return labels;
}

// The nearest 1, 2 or 5 times a power of ten that is not above (or not below) `value`.
double round_down(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const int factor : {5, 2})
    if (value >= factor * power) return factor * power;
  return std::min(power, value);
}
double round_up(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const int factor : {1, 2, 5})
    if (value <= factor * power) return factor * power;
  return 10 * power;
}

}  // namespace

bool drawable(double value) { return std::abs(value) <= most_drawable; }

double Axis::place(double value) const {
  if (log) return (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low));
  return (value - low) / (high - low);
}

Axis log_axis(double low, double high, int most_ticks) {
  Axis axis{.low = round_down(low), .high = round_up(high), .log = true};
  const auto first = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9));
  const auto last = static_cast<int>(std::floor(std::log10(axis.high) + 1e-9));
  const int stride = (last - first) / std::max(1, most_ticks) + 1;
  const bool plain = first >= -3 && last <= 4;
  for (int decade = first - 1; decade <= last; decade++) {
    const auto times = [&](int n) {
      return decade < 0 ? n / std::pow(10.0, -decade) : n * std::pow(10.0, decade);
    };
    if (decade >= first && (decade - first) % stride == 0) {
      axis.ticks.push_back(std::clamp(times(1), axis.low, axis.high));
      axis.labels.push_back(plain ? short_number(times(1), 3) : fmt::format("1e{}", decade));
    }
    for (int n = 2; stride == 1 && n <= 9; n++)
      if (times(n) > axis.low && times(n) < axis.high) axis.minor.push_back(times(n));
  }
  return axis;
}

Axis linear_axis(std::span<const double> values, int most_ticks, Ends ends) {
  auto [low, high, any] = range_of(values);
  const double size = std::max(std::abs(low), std::abs(high));
  // Values that differ by rounding alone are one value: it gets a range around itself.
  if (high - low < std::max(1e-7 * size, least_range)) {
    const double around = size > least_range ? size / 10 : 1;
    low -= around, high += around;
  }
  // Small against the largest: start at 0, so that heights can be compared.
  if (ends == Ends::round && low > 0 && low < 0.3 * high) low = 0;
  const Step step = step_for(high - low, std::max(1, most_ticks));
  const double size_of_step = step.size();
  if (ends == Ends::round) {
    low = step.times(std::floor(low / size_of_step + 1e-9));
    high = step.times(std::ceil(high / size_of_step - 1e-9));
  }
  Axis axis{.low = low, .high = high};
  const double last = std::floor(high / size_of_step + 1e-9);
  for (double i = std::ceil(low / size_of_step - 1e-9); i <= last; i++)
    axis.ticks.push_back(std::clamp(step.times(i), low, high));
  axis.labels = labels_of(axis.ticks, step);
  return axis;
}

Axis automatic_axis(std::span<const double> values, int most_ticks) {
  const auto [low, high, any] = range_of(values);
  if (any && low >= least_log && high / 100 > low) return log_axis(low, high, most_ticks);
  return linear_axis(values, most_ticks, Ends::round);
}

std::string short_number(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  const std::string text = fmt::format("{:.{}g}", value, digits);
  const bool plain = std::abs(value) >= 1e-3 && text.find('e') == std::string::npos;
  return plain ? text : scientific(value, digits - 1);
}

}  // namespace lacuna
