#include "erase/phrasing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/text.h"

namespace lacuna {
namespace {

// Bytes of UTF-8 beyond ASCII belong to words.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

// Both in lower case.
bool names(const std::string& text, const std::string& word) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !is_word(text[at - 1]) || !is_word(word.front());
    const bool ends = end == text.size() || !is_word(text[end]) || !is_word(word.back());
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

std::string concept_in(const std::string& phrasing, const std::vector<std::string>& concepts) {
  const std::string text = lower_ascii(phrasing);
  const std::string* best = nullptr;
  for (const std::string& c : concepts)
    if (!c.empty() && names(text, lower_ascii(c)) && (!best || c.size() > best->size())) best = &c;
  return best ? *best : phrasing;
}

std::string list(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, " | "));
}

}  // namespace lacuna
