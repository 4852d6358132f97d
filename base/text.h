// Small helpers for text.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace lacuna {

// A to Z in lower case, all other bytes as they are, whatever the locale.
inline std::string lower_ascii(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// Without the spaces and tabs around it.
inline std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace lacuna
