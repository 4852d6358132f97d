// The concept asked for in another way: what a user types is never the phrasing that an edit was
// made with. Ways that only words change; samplers and guidance are the images' matter
// (jobs/erase/other_ways.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/options/words.h"
#include "erase/concept/decisions.h"

namespace lacuna {

enum class Way {
  reworded,    // another beginning or end
  capitals,    // "RED"
  misspelled,  // "rde"
  longer,      // among many other words
  second,      // behind another thing
  together,    // beside another thing, or beside something else that is erased
};
std::span<const Word> words(Way);
std::span<const Way> all_ways();

// `count` phrasings from number `begin` on, with the chosen anchor in the concept's place. Those to
// learn from and those to measure with share no frame and no misspelling; capitals, which the
// tokenizers of CLIP make small, do. `others`: what else is erased, for `together`. Fewer when
// there are no more.
struct AskedPhrasing {
  Phrasing phrasing;
  std::string spelled;  // its text with the concept as it is spelled
};
std::vector<AskedPhrasing> asked(Way way, Use use, const Decisions& decisions,
                                 std::span<const std::string> others, size_t begin, size_t count);

// What else is erased with number `index`.
std::vector<std::string> others_of(const std::vector<Decisions>& decisions, size_t index);

// Slips of the keyboard in the longest word: two letters swapped, one left out, one doubled.
std::vector<std::string> misspellings(const std::string& words);

}  // namespace lacuna
