// `lacuna bench --compare FILE`: the lines of this run against those that an earlier run printed
// with --json.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "cli/bench/bench_report.h"

namespace lacuna {

class Baseline {
 public:
  // Throws InputError naming the file, the line in it and what is wrong. Lines with an "event" are
  // none of a measurement.
  explicit Baseline(const std::filesystem::path& file);

  // Prints for each line old, new and new / old (in CPU seconds on CPU drivers), the geometric mean
  // of the ratios, and the lines that only one side has; of the baseline's those that were `wanted`
  // this time. With `json` as one object.
  void print(const BenchReport& report, const std::function<bool(const BenchLine&)>& wanted,
             bool json) const;

 private:
  std::string device_;
  std::map<std::string, BenchLine> lines_;  // by key
};

}  // namespace lacuna
