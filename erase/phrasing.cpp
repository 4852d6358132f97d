#include "erase/phrasing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/text.h"

namespace lacuna {
namespace {

// Bytes of UTF-8 beyond ASCII belong to words.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

}  // namespace

std::optional<size_t> place_of(const std::string& words, const std::string& text) {
  const std::string where = lower_ascii(text), what = lower_ascii(words);
  if (what.empty()) return {};
  for (size_t at = where.find(what); at != std::string::npos; at = where.find(what, at + 1)) {
    const size_t end = at + what.size();
    const bool begins = at == 0 || !is_word(where[at - 1]) || !is_word(what.front());
    const bool ends = end == where.size() || !is_word(where[end]) || !is_word(what.back());
    if (begins && ends) return at;
  }
  return {};
}

std::string concept_in(const std::string& phrasing, const std::vector<std::string>& concepts) {
  const std::string* best = nullptr;
  for (const std::string& c : concepts)
    if (place_of(c, phrasing) && (!best || c.size() > best->size())) best = &c;
  return best ? *best : phrasing;
}

void check_tokens(const char* method, const Tokenizer& tokenizer,
                  const std::vector<std::string>& concepts) {
  const std::vector<int32_t> none = tokenizer.encode("").ids;
  for (const std::string& c : concepts)
    if (tokenizer.encode(c).ids == none)
      throw InputError("[{}] the concept \"{}\" has no token that the model knows; write a word",
                       method, c);
}

std::string first_of(const std::vector<std::string>& texts, size_t most, std::string_view quote) {
  const std::span<const std::string> shown(texts.data(), std::min(most, texts.size()));
  const std::string between = fmt::format("{0}, {0}", quote);
  const std::string first = fmt::format("{0}{1}{0}", quote, fmt::join(shown, between));
  return texts.size() <= most ? first : fmt::format("{} and {} more", first, texts.size() - most);
}

std::string list(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, " | "));
}

}  // namespace lacuna
