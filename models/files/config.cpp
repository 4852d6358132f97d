#include "models/files/config.h"

#include <fmt/format.h>

namespace lacuna {
namespace {

constexpr int64_t largest_size = int64_t{1} << 24;

}  // namespace

int64_t size_of_config(const Json& json, std::string_view key, int64_t otherwise) {
  return json.number<int64_t>(key, otherwise, 1, largest_size);
}

std::vector<int64_t> sizes_of_config(const Json& json, std::string_view key,
                                     std::vector<int64_t> otherwise) {
  if (!json.has(key)) return otherwise;
  std::vector<int64_t> sizes;
  for (const Json& size : json.at(key).elements())
    sizes.push_back(size.within<int64_t>(1, largest_size));
  return sizes;
}

std::vector<int64_t> per_level(const Json& json, std::string_view key, size_t count,
                               int64_t otherwise) {
  if (!json.has(key) || !json.at(key).is_list())
    return std::vector<int64_t>(count, size_of_config(json, key, otherwise));
  std::vector<int64_t> sizes = sizes_of_config(json, key, {});
  if (sizes.size() != count)
    json.at(key).fail(
        fmt::format("has {} entries and the model has {} levels", sizes.size(), count));
  return sizes;
}

void refuse_other_values(const Json& json, std::span<const Expected> expected) {
  for (const Expected& e : expected)
    if (json.has(e.key) && !json.at(e.key).is(e.value))
      json.at(e.key).fail(fmt::format("is {:.40} and only {} is supported", json.at(e.key).text(),
                                      json_text(e.value)));
}

}  // namespace lacuna
