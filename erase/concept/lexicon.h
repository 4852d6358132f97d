// Words that say what images show: the lists that come with the program (assets/words), and which
// of them a model knows. Phrasings are filled with them and neighbours are looked for among them.
#pragma once

#include <string>
#include <vector>

#include "models/text/tokenizer.h"

namespace lacuna {

struct Lexicon {
  std::vector<std::string> attributes, objects, styles;  // the commonest first

  // Those of assets/words. Throws InputError if a list is missing or is not UTF-8.
  static Lexicon load();
  // Those that the tokenizer does not split. A model was rarely taught a word that its tokenizer,
  // which was made from the same captions, has in pieces. Names of several words count if none of
  // their words is split.
  Lexicon known_to(const Tokenizer& tokenizer) const;
};

// Whether the tokenizer splits none of the words.
bool in_whole_words(const Tokenizer& tokenizer, const std::string& words);

// All whole words of the tokenizer's vocabulary: letters only, three at least.
std::vector<std::string> vocabulary_words(const Tokenizer& tokenizer);

// Whether the list has the word, in any case.
bool contains(const std::vector<std::string>& list, std::string_view word);

}  // namespace lacuna
