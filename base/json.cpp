#include "base/json.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
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

nlohmann::json json_of(const JsonScalar& scalar) {
  return std::visit([](const auto& value) { return nlohmann::json(value); }, scalar);
}

template <typename>
inline constexpr bool is_vector = false;
template <typename T>
inline constexpr bool is_vector<std::vector<T>> = true;

}  // namespace

std::string json_text(const JsonScalar& scalar) { return json_of(scalar).dump(); }

Json::Json(nlohmann::json&& document, std::string name)
    : Json(std::make_shared<const nlohmann::json>(std::move(document)), std::move(name)) {}

bool Json::is_object() const { return value_->is_object(); }
bool Json::is_list() const { return value_->is_array(); }
bool Json::is_number() const { return value_->is_number(); }
bool Json::is(const JsonScalar& scalar) const { return *value_ == json_of(scalar); }
size_t Json::size() const { return value_->size(); }
std::string Json::text(int indent) const { return value_->dump(indent); }

Json Json::with(const std::string& key, int64_t number) const {
  if (!value_->is_object()) wrong("an object");
  nlohmann::json changed = *value_;
  changed[key] = number;
  return {std::move(changed), where_};
}

bool Json::has(std::string_view key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

bool Json::is_null(std::string_view key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  return found != value_->end() && found->is_null();
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

template <typename T>
T Json::as() const {
  const nlohmann::json& v = *value_;
  if constexpr (is_vector<T>) {
    T list;
    for (const Json& element : elements()) list.push_back(element.as<typename T::value_type>());
    return list;
  } else if constexpr (std::same_as<T, bool>) {
    if (!v.is_boolean()) wrong("true or false");
    return v.get<bool>();
  } else if constexpr (std::integral<T>) {
    const bool fits = v.is_number_unsigned()
                          ? std::in_range<T>(v.get<uint64_t>())
                          : v.is_number_integer() && std::in_range<T>(v.get<int64_t>());
    if (!fits) wrong(std::unsigned_integral<T> ? "a whole number of 0 or more" : "a whole number");
    return v.get<T>();
  } else if constexpr (std::floating_point<T>) {
    const double number = v.is_number() ? v.get<double>() : 0;
    constexpr double most = std::numeric_limits<T>::max();
    if (!v.is_number() || number > most || number < -most) wrong("a number");
    return static_cast<T>(number);
  } else {
    static_assert(std::same_as<T, std::string>);
    if (!v.is_string()) wrong("a text");
    return v.get<std::string>();
  }
}

template <typename T>
T Json::within(T least, T most) const {
  const T number = as<T>();
  if (!(number >= least && number <= most))
    fail(fmt::format("is {} and must lie between {} and {}", shown(), least, most));
  return number;
}

template bool Json::as() const;
template std::vector<bool> Json::as() const;
template std::string Json::as() const;
template std::vector<std::string> Json::as() const;

// size_t and the fixed-width types are different ones of these on different systems.
#define LACUNA_JSON_NUMBER(T)               \
  template T Json::as() const;              \
  template std::vector<T> Json::as() const; \
  template T Json::within(T, T) const;
LACUNA_JSON_NUMBER(int)
LACUNA_JSON_NUMBER(long)
LACUNA_JSON_NUMBER(long long)
LACUNA_JSON_NUMBER(unsigned)
LACUNA_JSON_NUMBER(unsigned long)
LACUNA_JSON_NUMBER(unsigned long long)
LACUNA_JSON_NUMBER(float)
LACUNA_JSON_NUMBER(double)
#undef LACUNA_JSON_NUMBER

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
