// JSON files from strangers: sizes limited, every type checked before use.
//
// Private to the sources of engine and models (nlohmann-json stays out of public headers). A Json
// value remembers its file and the path that led to it, so that a wrong type reads
//   [json] unet/config.json: "block_out_channels"[1] is string where a whole number is expected
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lacuna {

// What one document may hold; beyond it parsing stops. Duplicate keys are always refused.
struct JsonLimits {
  size_t bytes = size_t{64} << 20;
  size_t values = 4'000'000;
  size_t depth = 32;
};

class Json {
 public:
  Json(nlohmann::json value, std::string where)
      : value_(std::move(value)), where_(std::move(where)) {}

  const nlohmann::json& value() const { return value_; }
  const std::string& where() const { return where_; }  // for messages: file and path
  bool has(std::string_view key) const;                // present and not null
  Json at(std::string_view key) const;                 // a child of any type; an error if missing
  std::vector<std::pair<std::string, Json>> members() const;  // of an object, sorted by key
  std::vector<Json> elements() const;                         // of a list

  // T is bool, a whole number, float, double, std::string or a vector of one of these.
  template <typename T>
  T as() const;
  template <typename T>
  T get(std::string_view key) const {
    return at(key).as<T>();
  }
  // For keys that may be missing or null.
  template <typename T>
  T get(std::string_view key, T otherwise) const {
    return has(key) ? at(key).as<T>() : std::move(otherwise);
  }

 private:
  [[noreturn]] void wrong(std::string_view expected) const;

  nlohmann::json value_;
  std::string where_;  // "config.json", then "config.json: \"act_fn\""
};

Json read_json(const std::filesystem::path& path, JsonLimits limits = {});
Json parse_json(std::string_view text, const std::filesystem::path& path, JsonLimits limits = {});

template <typename>
inline constexpr bool is_vector = false;
template <typename T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <typename T>
T Json::as() const {
  if constexpr (is_vector<T>) {
    T list;
    for (const Json& element : elements()) list.push_back(element.as<typename T::value_type>());
    return list;
  } else if constexpr (std::same_as<T, bool>) {
    if (!value_.is_boolean()) wrong("true or false");
    return value_.get<bool>();
  } else if constexpr (std::integral<T>) {
    const bool fits = value_.is_number_unsigned()
                          ? std::in_range<T>(value_.get<uint64_t>())
                          : value_.is_number_integer() && std::in_range<T>(value_.get<int64_t>());
    if (!fits) wrong(std::unsigned_integral<T> ? "a whole number of 0 or more" : "a whole number");
    return value_.get<T>();
  } else if constexpr (std::floating_point<T>) {
    if (!value_.is_number()) wrong("a number");
    return value_.get<T>();
  } else {
    static_assert(std::same_as<T, std::string>);
    if (!value_.is_string()) wrong("a text");
    return value_.get<std::string>();
  }
}

}  // namespace lacuna
