#include "cli/bench/bench_report.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "jobs/table.h"

namespace lacuna {
namespace {

constexpr const char* columns = "{} {} {} {:>7} {:>7} {:>3} {:>7} {:>6} {:>4} {:>4}\n";

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.0f}", 100 * share) : "-";
}

// Of 10^9 a second; "-" where it is not counted.
std::string rate(double per_second) {
  return per_second > 0 && std::isfinite(per_second) ? four_digits(per_second * 1e-9) : "-";
}

}  // namespace

std::string four_digits(double value) {
  return fmt::format("{:.{}f}", value,
                     value >= 1000  ? 0
                     : value >= 100 ? 1
                     : value >= 10  ? 2
                     : value >= 1   ? 3
                                    : 4);
}

void BenchReport::begin() {
  if (json_) return;
  fmt::print("{}\npeaks: {} GFLOP and {} GB per {}\n\n", device_.name,
             four_digits(peaks_.flop * 1e-9), four_digits(peaks_.bytes * 1e-9),
             peaks_.cpu ? "CPU second" : "second");
  fmt::print("{:54} {:<14} percent of\n", "", peaks_.cpu ? "per CPU second" : "per second");
  fmt::print(columns, cell("kernel", 13), cell("shape", 15), "type", "ms",
             peaks_.cpu ? "CPU ms" : "", "+-%", "GFLOP", "GB", "peak", "roof");
}

void BenchReport::add(const BenchLine& line) {
  lines_.push_back(line);
  json_ ? print_json(line) : print_text(line);
  std::fflush(stdout);
}

void BenchReport::say(const std::string& text) {
  if (!json_) fmt::print("{}\n", text);
}

void BenchReport::print_text(const BenchLine& l) const {
  fmt::print(columns, cell(l.kernel, 13), cell(l.shape, 15), cell(l.dtype, 4),
             four_digits(l.median.seconds * 1e3),
             peaks_.cpu ? four_digits(l.median.cpu_seconds * 1e3) : "",
             l.runs > 1 ? percent(l.spread(peaks_.cpu)) : "-", rate(peaks_.flop_rate(l)),
             rate(peaks_.byte_rate(l)), percent(peaks_.share_of_peak(l)),
             percent(peaks_.share_of_roof(l)));
}

void BenchReport::print_json(const BenchLine& l) const {
  const Sample& m = l.median;
  nlohmann::ordered_json object = {{"kernel", l.kernel}, {"shape", l.shape}, {"dtype", l.dtype}};
  if (!l.model.empty()) object["model"] = l.model;
  object.update({{"device", device_.name},
                 {"driver", device_.driver},
                 {"cpu_driver", peaks_.cpu},
                 {"runs", l.runs},
                 {"seconds", m.seconds},
                 {"seconds_least", l.least.seconds},
                 {"seconds_most", l.most.seconds},
                 {"spread", l.spread(false)},
                 {"cpu_seconds", m.cpu_seconds},
                 {"cpu_seconds_least", l.least.cpu_seconds},
                 {"cpu_seconds_most", l.most.cpu_seconds},
                 {"cpu_spread", l.spread(true)},
                 {"first_seconds", l.first_seconds},
                 {"flop", l.flop},
                 {"bytes", l.bytes},
                 {"gflop_per_second", l.flop / m.seconds * 1e-9},
                 {"gflop_per_cpu_second", l.flop / m.cpu_seconds * 1e-9},
                 {"gb_per_second", l.bytes / m.seconds * 1e-9},
                 {"gb_per_cpu_second", l.bytes / m.cpu_seconds * 1e-9},
                 {"peak_gflop", peaks_.flop * 1e-9},
                 {"peak_gb", peaks_.bytes * 1e-9},
                 {"share_of_peak", peaks_.share_of_peak(l)},
                 {"share_of_roof", peaks_.share_of_roof(l)}});
  fmt::print("{}\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace lacuna
