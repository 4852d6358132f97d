#include "base/words.h"

#include <array>

#include "base/unicode.h"

namespace lacuna {
namespace {

constexpr std::array<std::u32string_view, 7> contractions = {U"'s", U"'t",  U"'re", U"'ve",
                                                             U"'m", U"'ll", U"'d"};

// CLIP's pattern matches these as one word, after which the byte-level step cuts them at the
// letters: they are special tokens only if the tokenizer's configuration found them earlier.
constexpr std::array<std::u32string_view, 2> literals = {U"<|startoftext|>", U"<|endoftext|>"};

size_t run_of(CharClass kind, std::u32string_view text) {
  size_t length = 1;
  while (length < text.size() && char_class(text[length]) == kind) ++length;
  return length;
}

}  // namespace

std::u32string normalize_prompt(std::u32string_view text) {
  std::u32string spaced;
  for (char32_t c : nfc(text)) {
    const bool space = char_class(c) == CharClass::space;
    if (space && spaced.ends_with(U' ')) continue;
    spaced.push_back(space ? U' ' : c);
  }
  return lower(spaced);
}

std::vector<std::u32string_view> split_words(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  const auto take = [&](size_t length) {
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  };
  const auto starts_with_one_of = [&](const auto& list) -> size_t {
    for (std::u32string_view word : list) {
      if (text.starts_with(word)) return word.size();
    }
    return 0;
  };
  while (!text.empty()) {
    const CharClass kind = char_class(text.front());
    if (kind == CharClass::space) {
      text.remove_prefix(1);
    } else if (const size_t literal = starts_with_one_of(literals)) {
      take(2), take(literal - 4), take(2);
    } else if (const size_t contraction = starts_with_one_of(contractions)) {
      take(contraction);
    } else {
      take(kind == CharClass::number ? 1 : run_of(kind, text));
    }
  }
  return words;
}

}  // namespace lacuna
