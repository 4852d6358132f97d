#include "jobs/table.h"

#include <algorithm>
#include <vector>

namespace lacuna {
namespace {

bool continues(char c) { return (c & 0xc0) == 0x80; }

size_t length(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

}  // namespace

std::string cell(std::string text, size_t width) {
  if (length(text) > width) {
    while (length(text) > width - 2) {
      while (continues(text.back())) text.pop_back();
      text.pop_back();
    }
    text += "..";
  }
  return text + std::string(width - length(text), ' ');
}

std::string cell_middle(std::string text, size_t width) {
  if (length(text) > width) {
    // Byte positions of characters, so that none is cut in two.
    std::vector<size_t> at;
    for (size_t i = 0; i < text.size(); i++)
      if (!continues(text[i])) at.push_back(i);
    const size_t head = (width - 1) / 2, tail = width - 2 - head;
    text = text.substr(0, at[head]) + ".." + text.substr(at[at.size() - tail]);
  }
  return text + std::string(width - length(text), ' ');
}

std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  const int64_t first = number < 0 ? 2 : 1;
  for (auto at = static_cast<int64_t>(text.size()) - 3; at >= first; at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

}  // namespace lacuna
