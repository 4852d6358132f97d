// Small helpers for text.
#pragma once

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

}  // namespace lacuna
