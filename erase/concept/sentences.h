// Sentences around a concept, by its kind: what the closed forms and the training learn from, what
// must stay, and what is only measured with. The templates are plain English; the words in them are
// those that the model knows (lexicon.h), taken in turn, so that no word goes with one sentence
// only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/words.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/concept/lexicon.h"

namespace lacuna {

// What a concept is in an image: what something is like, a thing, whose manner it is in (an artist
// or a person), or one image as a whole.
enum class ConceptKind { attribute, object, style, caption };
std::span<const Word> words(ConceptKind);

// A sentence with a gap.
struct Sentence {
  std::string before, after;
  // It says what the thing in the gap is like: "a blue {}".
  bool attributed = false;

  // With an article that suits the word: "a red circle", "an apple".
  std::string with(std::string_view word) const;
  // With an anchor in the concept's place; "" for nothing.
  Phrasing phrasing(std::string_view concept_, std::string_view anchor) const;
};

// What fills the other places of a template. The concept and what names it must not be among them.
struct Fillers {
  std::vector<std::string> objects, attributes, styles;
  // What stands in the gap says itself what it is like ("red circle"), so nothing else does.
  bool attributed_gap = false;
};

// Which templates: those that are learned from, and those that are held back to measure with.
enum class Use { learn, measure };

// `count` sentences whose gap takes a word of that kind, each template in turn with the next words.
// No two are the same. Fewer when the templates and words give no more.
std::vector<Sentence> sentences(ConceptKind kind, Use use, const Fillers& fillers, size_t count);
// From other templates, in which {x} is the gap, {o} an object, {p} what it is like, {O} and {P}
// those of another thing, {s} a style and {b} a background.
std::vector<Sentence> sentences(std::span<const std::string_view> templates, Use use,
                                const Fillers& fillers, size_t count);

// What any model may be asked for: sentences of the fillers alone.
std::vector<std::string> plain_sentences(const Fillers& fillers, size_t count);

// "a circle", "an apple"; words that begin with an article stay as they are.
std::string with_article(std::string_view words);

}  // namespace lacuna
