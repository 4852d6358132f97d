#include "models/config.h"

#include "engine/error.h"

namespace lacuna {

int64_t check_size(const Json& json, std::string_view key, int64_t value) {
  constexpr int64_t limit = int64_t{1} << 24;
  if (value < 1 || value > limit)
    throw InputError("[config] {}: \"{}\" is {} and must lie between 1 and {}", json.where(), key, value, limit);
  return value;
}

int64_t size_of_config(const Json& json, std::string_view key, int64_t otherwise) {
  return check_size(json, key, json.get<int64_t>(key, otherwise));
}

std::vector<int64_t> per_level(const Json& json, std::string_view key, size_t count, int64_t otherwise) {
  std::vector<int64_t> list(count, otherwise);
  if (json.has(key)) {
    if (json.at(key).value().is_array())
      list = json.get<std::vector<int64_t>>(key);
    else
      list.assign(count, json.get<int64_t>(key));
  }
  if (list.size() != count)
    throw InputError("[config] {}: \"{}\" has {} entries and the model has {} levels", json.where(), key, list.size(), count);
  for (int64_t value : list) check_size(json, key, value);
  return list;
}

void refuse_other_values(const Json& json, std::span<const Expected> expected) {
  for (const Expected& e : expected)
    if (json.has(e.key) && json.at(e.key).value() != e.value)
      throw InputError("[config] {}: \"{}\" is {} and only {} is supported", json.where(), e.key,
                       json.at(e.key).value().dump(), e.value.dump());
}

}  // namespace lacuna
