#include "jobs/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "jobs/observer.h"

#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <unistd.h>
#endif

namespace lacuna {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

// The bar goes to standard error, so that standard output stays clean for pipes.
Progress::Progress(std::string label, int64_t total, bool json, RunObserver* observer)
    : label_(std::move(label)),
      total_(std::max<int64_t>(1, total)),
      observer_(observer),
      json_(json),
      terminal_(!json && !observer && isatty(fileno(stderr))),
      start_(wall_seconds()) {}

Progress::~Progress() { finish(); }

void Progress::restart(const std::string& label, int64_t total) {
  total = std::max<int64_t>(1, total);
  if (label == label_ && total == total_) return;
  finish();
  label_ = label;
  total_ = total;
  start_ = wall_seconds();
  last_draw_ = 0;
  last_line_percent_ = 0;
}

void Progress::update(int64_t done, const std::string& note) {
  if (observer_) {
    observer_->progress(label_, done, total_);
    return;
  }
  const double now = wall_seconds();
  if (json_) {
    event({{"event", "step"},
           {"phase", label_},
           {"done", done},
           {"total", total_},
           {"note", note},
           {"seconds", now - start_}});
    return;
  }
  if (terminal_) {
    if (now - last_draw_ < 0.05 && done < total_) return;
    last_draw_ = now;
    draw(done, note);
    return;
  }
  // Plain lines: one for every tenth of the work.
  const int64_t percent = done * 100 / total_;
  if (percent < last_line_percent_ + 10 && done < total_) return;
  last_line_percent_ = percent / 10 * 10;
  std::fprintf(stderr, "%s: %3lld %%%s\n", label_.c_str(), static_cast<long long>(percent),
               note.empty() ? "" : fmt::format(" ({})", note).c_str());
}

void Progress::draw(int64_t done, const std::string& note) {
  constexpr int width = 24;
  const double seconds = wall_seconds() - start_;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  const int filled = static_cast<int>(done * width / total_);
  std::string line = fmt::format("{} [{}{}] {}/{}", label_, std::string(filled, '#'),
                                 std::string(width - filled, '.'), done, total_);
  if (done > 0)
    line += fmt::format("  {:.1f} it/s  {} left", rate,
                        duration(static_cast<double>(total_ - done) / rate));
  if (!note.empty()) line += "  " + note;
  if (line.size() > 79) line.resize(79);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::say(const std::string& line) {
  if (observer_) {
    observer_->line(line);
    return;
  }
  if (json_) return;
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  fmt::print("{}\n", line);
  std::fflush(stdout);
  drawn_ = false;
  last_draw_ = 0;
}

void Progress::event(const nlohmann::json& event) {
  if (!json_) return;
  fmt::print("{}\n", event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

void Progress::finish() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

}  // namespace lacuna
