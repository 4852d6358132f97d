#include "base/json.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"

namespace lacuna {
namespace {

// Sees every value while it is parsed, so that a hostile document is refused before it has grown.
class Guard {
 public:
  Guard(const std::string& where, JsonLimits limits) : where_(where), limits_(limits) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (++values_ > limits_.values) refuse("holds too many values");
    if (depth > static_cast<int>(limits_.depth)) refuse("is nested too deeply");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      refuse(fmt::format("has the key \"{:.80}\" twice", parsed.get<std::string>()));
    }
    return true;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw InputError("[json] {} {}; is the file damaged?", where_, why);
  }

  const std::string& where_;
  JsonLimits limits_;
  size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects, outermost first
};

}  // namespace

bool Json::has(std::string_view key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

Json Json::at(std::string_view key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  if (found == value_->end()) fail(fmt::format("lacks the key \"{}\"", key));
  return child(*found, fmt::format("{}: \"{}\"", where_, key));
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  if (!value_->is_object()) wrong("an object");
  std::vector<std::pair<std::string, Json>> all;
  all.reserve(value_->size());
  for (const auto& [key, value] : value_->items()) {
    all.emplace_back(key, child(value, fmt::format("{}: \"{:.80}\"", where_, key)));
  }
  return all;
}

std::vector<Json> Json::elements() const {
  if (!value_->is_array()) wrong("a list");
  std::vector<Json> all;
  all.reserve(value_->size());
  for (const nlohmann::json& value : *value_) {
    all.push_back(child(value, fmt::format("{}[{}]", where_, all.size())));
  }
  return all;
}

size_t Json::choice(std::string_view key, std::initializer_list<std::string_view> names) const {
  if (!has(key)) return 0;
  const Json chosen = at(key);
  const auto found = std::find(names.begin(), names.end(), chosen.as<std::string>());
  if (found == names.end()) {
    chosen.fail(fmt::format("is {}, which is not supported; use {}", chosen.shown(),
                            fmt::join(names, ", ")));
  }
  return static_cast<size_t>(found - names.begin());
}

void Json::fail(std::string_view what) const {
  throw InputError("[json] {} {}; correct the file or download it again", where_, what);
}

std::string Json::shown() const {
  if (value_->is_structured()) return value_->is_array() ? "a list" : "an object";
  return fmt::format("{:.40}", value_->dump());
}

void Json::wrong(std::string_view expected) const {
  fail(fmt::format("is {} where {} is expected", shown(), expected));
}

void Json::outside(const std::string& least, const std::string& most) const {
  fail(fmt::format("is {} and must lie between {} and {}", shown(), least, most));
}

Json parse_json(std::string_view text, const std::string& name, JsonLimits limits) {
  if (text.size() > limits.bytes) {
    throw InputError("[json] {} has {} bytes where at most {} make sense; is it the right file?",
                     name, text.size(), limits.bytes);
  }
  try {
    return {nlohmann::json::parse(text, Guard(name, limits)), name};
  } catch (const nlohmann::json::exception& error) {
    throw InputError("[json] {} is not valid JSON; is the file damaged? ({:.200})", name,
                     error.what());
  }
}

Json read_json(const std::filesystem::path& path, JsonLimits limits) {
  return parse_json(read_file(path, limits.bytes), display(path), limits);
}

}  // namespace lacuna
