#include "erase/concept/lexicon.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "models/files/assets.h"

namespace lacuna {
namespace {

std::vector<std::string> read_list(const std::filesystem::path& folder, const char* name) {
  const std::filesystem::path file = folder / name;
  if (folder.empty() || !std::filesystem::exists(file))
    throw InputError("[words] {} is missing beside the program; install lacuna again", name);
  std::vector<std::string> words;
  const std::string text = read_file(file, size_t{1} << 20);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line(trimmed(std::string_view(text).substr(begin, end - begin)));
    if (!line.empty() && line[0] != '#') words.push_back(line);
    begin = end + 1;
  }
  return words;
}

}  // namespace

bool in_whole_words(const Tokenizer& tokenizer, const std::string& words) {
  const size_t count = 1 + static_cast<size_t>(std::ranges::count(words, ' '));
  return tokenizer.tokens_of(words).size() <= count;
}

Lexicon Lexicon::load() {
  const std::filesystem::path folder = asset_folder("words");
  return {read_list(folder, "attributes.txt"), read_list(folder, "objects.txt"),
          read_list(folder, "styles.txt")};
}

Lexicon Lexicon::known_to(const Tokenizer& tokenizer) const {
  Lexicon known = *this;
  for (auto* list : {&known.attributes, &known.objects, &known.styles})
    std::erase_if(*list, [&](const std::string& w) { return !in_whole_words(tokenizer, w); });
  return known;
}

std::vector<std::string> vocabulary_words(const Tokenizer& tokenizer) {
  std::vector<std::string> words;
  for (int32_t id = 0; id < tokenizer.vocab_size(); id++) {
    // A token that ends a word reads as "word ".
    const std::string text = tokenizer.text_of(std::span(&id, 1));
    const std::string word(trimmed(text));
    const bool letters = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (word.size() >= 3 && letters && tokenizer.tokens_of(word) == std::vector<int32_t>{id})
      words.push_back(word);
  }
  return words;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
  const std::string lower = lower_ascii(word);
  return std::ranges::any_of(list, [&](const auto& w) { return lower_ascii(w) == lower; });
}

}  // namespace lacuna
