// JSON files from strangers: sizes limited, every type and range checked before use.
//
// Private to the sources of engine and models (nlohmann-json stays out of public headers). A Json
// is a value inside a document, which it keeps alive; it remembers the file and the path that led
// to it, so that a wrong type reads
//   [json] unet/config.json: "block_out_channels"[1] is "x" where a whole number is expected;
//   correct the file or download it again
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <memory>
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
  Json(nlohmann::json document, std::string name)
      : Json(std::make_shared<const nlohmann::json>(std::move(document)), std::move(name)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& where() const { return where_; }  // for messages: file and path
  bool has(std::string_view key) const;  // present and not null; an error if this is no object
  Json at(std::string_view key) const;   // a child of any type; an error if missing
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

  // A number from `least` to `most`.
  template <typename T>
  T within(T least, T most) const;
  template <typename T>
  T number(std::string_view key, T otherwise, T least, T most) const {
    return has(key) ? at(key).within<T>(least, most) : otherwise;
  }
  // The index in `names` of the text under `key`; 0 where the key is missing or null.
  size_t choice(std::string_view key, std::initializer_list<std::string_view> names) const;

  // Throws InputError: "[json] <where> <what>; correct the file or download it again".
  [[noreturn]] void fail(std::string_view what) const;

 private:
  Json(std::shared_ptr<const nlohmann::json> value, std::string where)
      : value_(std::move(value)), where_(std::move(where)) {}
  Json child(const nlohmann::json& value, std::string where) const {
    return {std::shared_ptr<const nlohmann::json>(value_, &value), std::move(where)};
  }
  std::string shown() const;  // the value, shortened
  [[noreturn]] void wrong(std::string_view expected) const;
  [[noreturn]] void outside(const std::string& least, const std::string& most) const;

  std::shared_ptr<const nlohmann::json> value_;  // owns the whole document
  std::string where_;                            // "config.json", then "config.json: \"act_fn\""
};

Json read_json(const std::filesystem::path& path, JsonLimits limits = {});
// `name` stands for the file in messages.
Json parse_json(std::string_view text, const std::string& name, JsonLimits limits = {});

template <typename>
inline constexpr bool is_vector = false;
template <typename T>
inline constexpr bool is_vector<std::vector<T>> = true;

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
    outside(fmt::format("{}", least), fmt::format("{}", most));
  return number;
}

}  // namespace lacuna
