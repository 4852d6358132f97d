#include "models/json_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/file.h"

namespace lacuna {

JsonFile JsonFile::read(std::string_view where, const std::filesystem::path& path, size_t limit) {
  return parse(where, display(path), read_file(path, limit));
}

JsonFile JsonFile::parse(std::string_view where, std::string name, std::string_view text) {
  JsonFile file;
  file.where_ = where;
  file.name_ = std::move(name);
  file.object_ = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!file.object_.is_object()) file.fail("it holds no JSON object");
  return file;
}

void JsonFile::fail(std::string_view what) const {
  throw InputError("[{}] {}: {}; correct the file or download it again", where_, name_, what);
}

const nlohmann::json* JsonFile::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<bool> JsonFile::boolean(const char* key) const {
  const nlohmann::json* value = find(key);
  if (!value) return {};
  if (!value->is_boolean()) fail(fmt::format("'{}' must be true or false", key));
  return value->get<bool>();
}

std::optional<double> JsonFile::number(const char* key, double least, double most) const {
  const nlohmann::json* value = find(key);
  if (!value) return {};
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (!(number >= least && number <= most)) {
    fail(fmt::format("'{}' must be a number from {} to {}", key, least, most));
  }
  return number;
}

std::optional<int> JsonFile::integer(const char* key, int least, int most) const {
  const std::optional<double> number = this->number(key, least, most);
  if (!number) return {};
  if (*number != static_cast<int>(*number)) fail(fmt::format("'{}' must be a whole number", key));
  return static_cast<int>(*number);
}

std::optional<std::string> JsonFile::string(const char* key) const {
  const nlohmann::json* value = find(key);
  if (!value) return {};
  if (!value->is_string()) fail(fmt::format("'{}' must be a string", key));
  return value->get<std::string>();
}

std::optional<int> JsonFile::choice(const char* key,
                                    std::initializer_list<std::string_view> names) const {
  const std::optional<std::string> value = string(key);
  if (!value) return {};
  const auto found = std::find(names.begin(), names.end(), *value);
  if (found == names.end()) {
    fail(fmt::format("'{}' is '{}', but must be one of {}", key, value->substr(0, 40),
                     fmt::join(names, ", ")));
  }
  return static_cast<int>(found - names.begin());
}

}  // namespace lacuna
