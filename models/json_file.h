// A JSON file that the user gave. Whatever is wrong with it (missing, too large, not JSON, a value
// of another type or out of range) becomes one InputError that names the file, the key and the
// remedy. Only .cpp files include this: no header of models/ shows nlohmann-json.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace lacuna {

class JsonFile {
 public:
  static JsonFile read(std::string_view where, const std::filesystem::path& path, size_t limit);
  static JsonFile parse(std::string_view where, std::string name, std::string_view text);

  const nlohmann::json& object() const { return object_; }

  // The value of a key; nothing where it is absent or null.
  std::optional<bool> boolean(const char* key) const;
  std::optional<double> number(const char* key, double least, double most) const;
  std::optional<int> integer(const char* key, int least, int most) const;
  std::optional<std::string> string(const char* key) const;
  // The index of the value in `names`.
  std::optional<int> choice(const char* key, std::initializer_list<std::string_view> names) const;

  [[noreturn]] void fail(std::string_view what) const;

 private:
  const nlohmann::json* find(const char* key) const;

  std::string where_, name_;
  nlohmann::json object_;
};

}  // namespace lacuna
