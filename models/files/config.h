// Reading config.json files: sizes are checked for sanity, and settings that lacuna does not
// implement are refused instead of ignored. Private to models/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lacuna {

// A size between 1 and 2^24; an InputError names file and key otherwise.
int64_t size_of_config(const Json& json, std::string_view key, int64_t otherwise);
// The same for each entry of a list.
std::vector<int64_t> sizes_of_config(const Json& json, std::string_view key,
                                     std::vector<int64_t> otherwise);
// One size for all `count` levels or a list of that length.
std::vector<int64_t> per_level(const Json& json, std::string_view key, size_t count,
                               int64_t otherwise);

// Keys whose only supported value is the given one (or absent, or null).
struct Expected {
  std::string_view key;
  JsonScalar value;
};
void refuse_other_values(const Json& json, std::span<const Expected> expected);

}  // namespace lacuna
