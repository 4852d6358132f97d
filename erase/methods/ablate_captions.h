// The captions of Concept Ablation (Kumari et al., ICCV 2023, arXiv 2303.13516): anchor prompts,
// each with the target captions that are to be drawn like it.
//
//   style         "a red circle"  <- "a red circle, in the style of X" and other templates
//   object        "a blue cat"    <- "a blue grumpy cat": the anchor's word is replaced
//   memorization  "a lighthouse"  <- the memorised image's own caption, whatever the anchor
//   pairs         as a table says
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/words.h"

namespace lacuna {

class Fields;

enum class ConceptType { style, object, memorization, pairs };
std::span<const Word> words(ConceptType);

struct CaptionPair {
  std::string anchor;
  std::vector<std::string> targets;  // one is drawn at random each time
};

// The published templates of a style. {anchor} and {target} stand for the texts.
std::vector<std::string> style_templates();
// Prompts of an object of that name, for when the user gives none.
std::vector<std::string> object_prompts(const std::string& anchor);

struct CaptionOptions {
  ConceptType type = ConceptType::style;
  std::vector<std::string> concepts;   // what is ablated
  std::string anchor;                  // of an object: the word that stays
  std::vector<std::string> prompts;    // anchor prompts
  std::vector<std::string> templates;  // of a style

  // All options except the file that `prompts` are read from.
  void describe(Fields& fields);
};

// Objects may be written as published, "cat+grumpy cat" for the anchor cat, and memorised captions
// as "*+caption"; several of them in one text are separated by semicolons.
void split_published(CaptionOptions& options);

// One pair a prompt. Throws InputError if there is nothing to ablate, if a target says the same as
// its anchor, or if a prompt of an object does not name the anchor.
std::vector<CaptionPair> caption_pairs(const CaptionOptions& options);

// Throws InputError if a caption equals its anchor, up to case and space.
void check_pairs(std::span<const CaptionPair> pairs);

}  // namespace lacuna
