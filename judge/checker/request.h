// What a prompt of pico's language asks for: "a red circle left of a blue square on gray".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "judge/checker/vocabulary.h"

namespace lacuna::checker {

struct Wanted {
  Thing thing;
  std::optional<Colour> colour;  // named, or implied as a lemon's
};

struct Request {
  std::vector<Wanted> things;   // in the order of the prompt
  std::optional<Colour> field;  // the prompt is a colour alone: the whole image in it
  std::optional<Style> style;   // named; what no word asks for is not judged
  bool left_of = false;         // the first thing left of the second
  bool memorised = false;       // the lighthouse at Pico Bay

  bool anything() const { return !things.empty() || field || style || memorised; }
};

// Words outside the language say nothing; a prompt of such words asks for nothing.
Request parse_prompt(std::string_view prompt);

}  // namespace lacuna::checker
