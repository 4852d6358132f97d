#include "viewer/worker/log_lines.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace lacuna::viewer {
namespace {

using Value = nlohmann::ordered_json;

constexpr size_t most_text = 300;  // of one value

std::string text_of(const Value& value) {
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (value.is_array()) return fmt::format("[{}]", value.size());
  if (value.is_object()) return fmt::format("{{{}}}", value.size());
  std::string text = value.is_string()
                         ? value.get<std::string>()
                         : value.dump(-1, ' ', false, Value::error_handler_t::replace);
  if (text.size() > most_text) text.resize(most_text);
  return text;
}

bool is_empty(const Value& value) { return value.is_string() && value.get<std::string>().empty(); }

}  // namespace

void append_log_lines(std::vector<std::string>& lines, std::string_view line) {
  const Value event = Value::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("event")) {
    lines.emplace_back(line);
    return;
  }
  std::string all;
  for (const auto& [name, value] : event.items()) {
    if (value.is_object()) continue;
    if (name == "event" || event["event"] == name)  // "iteration 3", not "iteration iteration 3"
      all += (all.empty() ? "" : " ") + text_of(value);
    else if (!value.is_array())
      all += fmt::format("   {} {}", name, text_of(value));
  }
  lines.push_back(all);
  for (const auto& [name, value] : event.items()) {
    if (!value.is_object()) continue;
    for (const auto& [option, chosen] : value.items())
      if (!is_empty(chosen)) lines.push_back(fmt::format("    {:<26}{}", option, text_of(chosen)));
  }
}

}  // namespace lacuna::viewer
