// From texts to the embeddings that the closed forms work on.
//
// CLIP is causal: the embedding at a token depends on the token and on what stands before it. A
// concept's embedding is that of its last token. Its anchor's is that of the last token of the
// guide in the same place of the same phrasing: "a red circle" -> "a cyan circle". If the guide is
// empty, it is that of the token before the concept, so for a bare concept that of the start token,
// as in the published programs. Later embeddings also hold the concept; all of them are paired one
// to one from these places on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/options/words.h"
#include "erase/closed/closed_form.h"
#include "models/text/text_encoder.h"

namespace lacuna {

class Fields;

// Which embeddings count: that of a text's last token alone (UCE's present program, SPEED), or
// those of that token and all that follow for concepts, and all of them for retained texts (UCE's
// paper, RECE).
enum class Tokens { last, all };
std::span<const Word> words(Tokens);

struct ConceptOptions {
  std::vector<std::string> concepts;
  std::vector<std::string> guides;    // one for all concepts or one for each; none: the empty text
  std::vector<std::string> prompts;   // phrasings; {} stands for each concept; none: the concepts
  std::vector<std::string> retained;  // texts that must stay as they are
  Tokens tokens = Tokens::last;

  // All but `prompts`, which are read from files.
  void describe(Fields& fields);
  // Throws InputError, in the name of `method`, for what contradicts itself.
  void check(const char* method) const;
  const std::string& guide_of(size_t concept_index) const;
  // By name, as text, for the edit's metadata.
  std::map<std::string, std::string> texts() const;
};

// A concept in a phrasing, and the same phrasing with the guide in its place.
struct Phrasing {
  std::string before, words, guide, after;

  std::string text() const;
  std::string anchor() const;
};

std::vector<std::string> texts_of(const std::vector<Phrasing>& phrasings);
std::vector<std::string> anchors_of(const std::vector<Phrasing>& phrasings);

// Every phrasing of every concept. A line without {} belongs to the longest concept that it names;
// if it names none, it means the first concept as a whole. Throws InputError if a concept is its
// own guide, or a retained text is a phrasing.
std::vector<Phrasing> phrasings_of(const ConceptOptions& options, const char* method);

// Called before every text with how many are done, of how many.
using TellTexts = std::function<void(size_t done, size_t total)>;

// Encodes every text once, on the model's device. Throws InputError if a concept has no token or
// does not fit into the text encoder's context.
ConceptStates concept_states(TextEncoder& encoder, const std::vector<Phrasing>& phrasings,
                             const std::vector<std::string>& retained, Tokens tokens,
                             const TellTexts& tell);

}  // namespace lacuna
