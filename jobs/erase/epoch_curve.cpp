#include "jobs/erase/epoch_curve.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "pictures/chart.h"

namespace lacuna {
namespace {

std::vector<nlohmann::json> epochs_of(const std::filesystem::path& run) {
  std::vector<nlohmann::json> epochs;
  std::istringstream lines(read_file(run / "run.jsonl", size_t{1} << 30));
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_object() && event.value("event", "") == "epoch") epochs.push_back(event);
  }
  return epochs;
}

}  // namespace

void draw_epochs(const std::filesystem::path& run, const std::string& title) {
  LineChart chart{title, "epoch", "share of the original", {}};
  for (const auto& [key, name] :
       {std::pair{"pull", "pull of the concept"}, std::pair{"drift", "change of retained texts"}}) {
    Series series{name, {}, {}};
    for (const nlohmann::json& e : epochs_of(run))
      if (e.contains(key)) {
        series.x.push_back(e.at("epoch").get<double>());
        series.y.push_back(e.at(key).get<double>());
      }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  if (chart.series.empty()) return;
  write_file(run / "epochs.png", encode_png(line_chart(chart)), Overwrite::yes);
}

int64_t last_epoch(const std::filesystem::path& run) {
  const auto epochs = epochs_of(run);
  return epochs.empty() ? 0 : epochs.back().at("epoch").get<int64_t>();
}

}  // namespace lacuna
