// Phrasings of a concept, and the concept in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/text/tokenizer.h"

namespace lacuna {

// Where the text names the words first, as whole words in any case.
std::optional<size_t> place_of(const std::string& words, const std::string& text);

// The longest of the concepts that the phrasing names, as whole words in any case; the phrasing
// itself if it names none.
std::string concept_in(const std::string& phrasing, const std::vector<std::string>& concepts);

// A text of no tokens is the empty prompt, which nothing can be erased from: throws InputError for
// the first such concept. `method` is the tag of the message.
void check_tokens(const char* method, const Tokenizer& tokenizer,
                  const std::vector<std::string>& concepts);

// The first `most` of them, each between `quote`, and how many more there are: for sentences.
std::string first_of(const std::vector<std::string>& texts, size_t most,
                     std::string_view quote = "");

// Several texts as one option's value: "a red circle | a red square".
std::string list(const std::vector<std::string>& texts);

}  // namespace lacuna
