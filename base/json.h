// JSON files from strangers: sizes limited, every type and range checked before use.
//
// A Json is a value inside a document, which it keeps alive; it remembers the file and the path
// that led to it, so that a wrong type reads
//   [json] unet/config.json: "block_out_channels"[1] is "x" where a whole number is expected;
//   correct the file or download it again
//
// nlohmann/json.hpp, which takes a compiler longer than most sources, is read by json.cpp alone and
// by the sources that want value().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lacuna {

// What one document may hold; beyond it parsing stops. Duplicate keys are always refused.
struct JsonLimits {
  size_t bytes = size_t{64} << 20;
  size_t values = 4'000'000;
  size_t depth = 32;
};

// A value that is compared with one of a document.
using JsonScalar = std::variant<std::nullptr_t, bool, int64_t, double, std::string_view>;
std::string json_text(const JsonScalar& scalar);  // as it stands in a document

class Json {
 public:
  Json(nlohmann::json&& document, std::string name);

  const nlohmann::json& value() const { return *value_; }
  const std::string& where() const { return where_; }  // for messages: file and path
  bool is_object() const;
  bool is_list() const;
  bool is_number() const;
  bool is(const JsonScalar& scalar) const;  // 1 is 1.0
  size_t size() const;                      // of an object or a list
  std::string text(int indent = -1) const;  // -1: on one line

  // Of an object, else an error.
  bool has(std::string_view key) const;      // present and not null
  bool is_null(std::string_view key) const;  // present and null
  Json at(std::string_view key) const;       // a child of any type; an error if missing
  std::vector<std::pair<std::string, Json>> members() const;  // of an object, sorted by key
  std::vector<Json> elements() const;                         // of a list
  // A copy of an object that holds another number under `key`.
  Json with(const std::string& key, int64_t number) const;

  // T is bool, a whole number, float, double, std::string or a vector of one of these; json.cpp
  // lists them.
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
  // The index in `names` of the text under `key`; 0 if the key is missing or null.
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

  std::shared_ptr<const nlohmann::json> value_;  // owns the whole document
  std::string where_;                            // "config.json", then "config.json: \"act_fn\""
};

Json read_json(const std::filesystem::path& path, JsonLimits limits = {});
// `name` stands for the file in messages.
Json parse_json(std::string_view text, const std::string& name, JsonLimits limits = {});

}  // namespace lacuna
