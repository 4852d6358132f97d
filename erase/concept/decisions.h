// What an expert decides before erasing a concept, found by the program: its kind, phrasings,
// neighbours that must stay, and the anchor that takes its place. Everything is derived from the
// model: from its tokenizer, its text encoder, and what texts do to its predictions (effects.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "erase/concept/effects.h"
#include "erase/concept/sentences.h"

namespace lacuna {

// What the user says about it.
struct ConceptQuestion {
  std::string concept_;
  std::vector<std::string> all;          // everything that is erased together: none of it stays
  std::optional<ConceptKind> kind;       // else guessed
  std::optional<std::string> anchor;     // "" for none; else chosen
  std::vector<std::string> retained;     // texts that must stay, too
  size_t anchors = 4;                    // at most, to try
  size_t learned = 128, measured = 8;    // sentences of the concept
  size_t kept = 128, kept_measured = 8;  // sentences that stay
  uint64_t seed = 0;
};

struct Neighbour {
  std::string words;
  double near = 0;      // cosine of its effect with the concept's
  double distance = 0;  // |effect - concept's effect| / |concept's effect|
  double strength = 0;  // |effect| / |concept's effect|
  double steady = 0;    // cosine of its effects in two sentences
  // How much of what else a sentence says still acts with it in the concept's place: the cosine of
  // what another word there changes with the same beside the concept; -2 if it was not measured.
  double keeps = -2;
};

// What may take the concept's place, and the sentences of the concept with it in that place.
struct ConceptAnchor {
  std::string words;  // "" for nothing
  std::string reason;
  std::vector<Phrasing> learned, measured;
};

struct Decisions {
  std::string words;  // the concept without "a" and "in the style of"
  ConceptKind kind = ConceptKind::object;
  std::string kind_reason;
  std::vector<Neighbour> neighbours;  // the nearest first
  std::vector<std::string>
      synonyms;  // so near that they are erased with it: neither kept nor anchors
  // At least one, the likeliest first. Which of them is best an edit tells (jobs/erase).
  std::vector<ConceptAnchor> anchors;
  std::string
      implied;  // what the concept is like if nothing is said: "red" of an apple; "" for nothing
  std::vector<std::string> kept, kept_measured;
  Fillers fillers;            // of other sentences
  std::vector<Place> places;  // where effects were measured
  // Of the nearest sentence without the concept and of the concept: how much of a prediction it is.
  double strength = 0, steady = 0;

  const ConceptAnchor& anchor() const { return anchors.front(); }
  // What stands in the concept's place in a sentence: the anchor, with what the concept implies if
  // the sentence does not say what it is like.
  std::string in_place(const ConceptAnchor& anchor, const Sentence& sentence) const;
};

// Throws InputError when what the user says contradicts itself, and when the model cannot draw the
// concept. `go_on` is asked before every piece of work and may throw.
Decisions decide(StableDiffusion& model, TextCache& text, LatentSize size, const Lexicon& lexicon,
                 const ConceptQuestion& question, const std::function<void()>& go_on);

// The concept as it stands in sentences, and the kind if its wording tells: "Dotti", style, of "in
// the style of Dotti".
struct ConceptWords {
  std::string words;
  std::optional<ConceptKind> kind;
  std::string reason;
};
ConceptWords words_of_concept(const std::string& text, const Lexicon& lexicon);

}  // namespace lacuna
