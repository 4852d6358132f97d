#include "cli/bench/bench_compare.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/options/option.h"
#include "jobs/table.h"

namespace lacuna {
namespace {

constexpr size_t most_bytes = size_t{16} << 20;

BenchLine line_of(const Json& object) {
  BenchLine line{.kernel = object.get<std::string>("kernel"),
                 .shape = object.get<std::string>("shape"),
                 .dtype = object.get<std::string>("dtype"),
                 .model = object.get<std::string>("model", "")};
  line.median.seconds = object.at("seconds").within(0.0, 1e9);
  line.median.cpu_seconds = object.at("cpu_seconds").within(0.0, 1e9);
  return line;
}

}  // namespace

Baseline::Baseline(const std::filesystem::path& file) {
  std::istringstream text(read_file(file, most_bytes));
  int number = 0;
  for (std::string row; std::getline(text, row);) {
    number++;
    if (row.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json object = parse_json(row, fmt::format("{} line {}", display(file), number),
                                   {.bytes = 1 << 16, .values = 1000, .depth = 8});
    if (object.has("event")) continue;
    const BenchLine line = line_of(object);
    lines_[line.key()] = line;
    device_ = object.get<std::string>("device", "");
  }
  if (lines_.empty())
    throw InputError("[bench] {} holds no measurement; make one with lacuna bench {} > FILE",
                     display(file), option("json"));
}

void Baseline::print(const BenchReport& report, const std::function<bool(const BenchLine&)>& wanted,
                     bool json) const {
  struct Pair {
    const BenchLine& line;
    double before, now;
  };
  const Peaks& peaks = report.peaks();
  std::vector<Pair> pairs;
  std::vector<std::string> added, missing;
  std::set<std::string> seen;
  double logs = 0;
  int counted = 0;
  for (const BenchLine& line : report.lines()) {
    seen.insert(line.key());
    const auto old = lines_.find(line.key());
    const double before = old == lines_.end() ? 0 : peaks.time(old->second.median);
    const double now = peaks.time(line.median);
    if (before <= 0 || now <= 0) {  // a clock too coarse to say anything is as good as no line
      added.push_back(line.title());
      continue;
    }
    pairs.push_back({line, before, now});
    if (line.is_peak()) continue;  // of the machine, not of the program
    logs += std::log(now / before), counted++;
  }
  for (const auto& [key, line] : lines_)
    if (!seen.contains(key) && wanted(line)) missing.push_back(line.title());
  const double mean = counted > 0 ? std::exp(logs / counted) : 1;

  if (json) {
    nlohmann::ordered_json event = {{"event", "compare"},
                                    {"unit", peaks.cpu ? "cpu_seconds" : "seconds"}};
    event["lines"] = nlohmann::ordered_json::array();
    for (const Pair& p : pairs)
      event["lines"].push_back({{"line", p.line.title()},
                                {"old", p.before},
                                {"new", p.now},
                                {"ratio", p.now / p.before}});
    event["geometric_mean"] = mean;
    event["only_in_baseline"] = missing;
    event["not_in_baseline"] = added;
    fmt::print("{}\n", event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  const char* unit = peaks.cpu ? "CPU ms" : "ms";
  fmt::print("\nagainst the baseline{}; a ratio below 1 is faster\n",
             device_.empty() ? "" : " of " + device_);
  fmt::print("{} {:>11} {:>11} {:>7}\n", cell("kernel", 47), fmt::format("old {}", unit),
             fmt::format("new {}", unit), "ratio");
  for (const Pair& p : pairs)
    fmt::print("{} {:>11} {:>11} {:>7.3f}\n", cell_middle(p.line.title(), 47),
               four_digits(p.before * 1e3), four_digits(p.now * 1e3), p.now / p.before);
  for (const std::string& title : added) fmt::print("not in the baseline: {}\n", title);
  for (const std::string& title : missing) fmt::print("only in the baseline: {}\n", title);
  if (counted > 0)
    fmt::print("geometric mean of {} lines{}: {:.3f}\n", counted,
               counted < static_cast<int>(pairs.size()) ? ", without the peaks" : "", mean);
}

}  // namespace lacuna
