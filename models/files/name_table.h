// Names of other programs back to ours, by a table: a dialect is written as one map from our names
// to its own, and the map back follows from the names that a model has.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lacuna {

class NameTable {
 public:
  // `forward` gives the other program's name, or an empty text if a tensor has none there. Throws
  // InputError if two names become one.
  NameTable(std::span<const std::string> names,
            const std::function<std::string(const std::string&)>& forward) {
    for (const std::string& name : names) {
      std::string other = forward(name);
      if (other.empty()) continue;
      const auto [at, added] = names_.try_emplace(std::move(other), name);
      if (!added)
        throw InputError("[names] '{}' and '{}' would both be called '{}'", at->second, name,
                         at->first);
    }
  }

  // Our name; null if no name of the model becomes `other`.
  const std::string* find(std::string_view other) const {
    const auto found = names_.find(other);
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, std::string, std::less<>> names_;  // theirs -> ours
};

}  // namespace lacuna
