#include "engine/json.h"

#include <set>

#include "engine/error.h"
#include "engine/file.h"

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
      refuse(fmt::format("has the key \"{}\" twice", parsed.get<std::string>()));
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
  std::vector<std::set<std::string>> keys_;  // of the open objects, outermost first
};

}  // namespace

bool Json::has(std::string_view key) const {
  return value_.is_object() && value_.contains(key) && !value_.at(std::string(key)).is_null();
}

Json Json::at(std::string_view key) const {
  if (!value_.is_object()) wrong("an object");
  const auto found = value_.find(key);
  if (found == value_.end()) throw InputError("[json] {} lacks the key \"{}\"", where_, key);
  return {*found, fmt::format("{}: \"{}\"", where_, key)};
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  if (!value_.is_object()) wrong("an object");
  std::vector<std::pair<std::string, Json>> all;
  for (const auto& [key, child] : value_.items()) {
    all.emplace_back(key, Json(child, fmt::format("{}: \"{}\"", where_, key)));
  }
  return all;
}

std::vector<Json> Json::elements() const {
  if (!value_.is_array()) wrong("a list");
  std::vector<Json> all;
  for (const nlohmann::json& child : value_) {
    all.emplace_back(child, fmt::format("{}[{}]", where_, all.size()));
  }
  return all;
}

void Json::wrong(std::string_view expected) const {
  throw InputError("[json] {} is {} where {} is expected", where_, value_.type_name(), expected);
}

Json parse_json(std::string_view text, const std::filesystem::path& path, JsonLimits limits) {
  const std::string where = display(path);
  if (text.size() > limits.bytes) {
    throw InputError("[json] {} has {} bytes where at most {} make sense; is it the right file?",
                     where, text.size(), limits.bytes);
  }
  try {
    return {nlohmann::json::parse(text, Guard(where, limits)), where};
  } catch (const nlohmann::json::exception& error) {
    throw InputError("[json] {} is not valid JSON; is the file damaged? ({:.200})", where,
                     error.what());
  }
}

Json read_json(const std::filesystem::path& path, JsonLimits limits) {
  return parse_json(read_file(path, limits.bytes), path, limits);
}

}  // namespace lacuna
