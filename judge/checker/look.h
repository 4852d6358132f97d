// What does an image of pico's language show? Measured, not guessed by a network.
//
// Foreground is what differs from the border's median colour; each connected part is an object.
// Colour is the hue most of its pixels vote for, shape the template of highest intersection over
// union, style the strongest spatial frequency of its texture, a cat's mood the correlation of its
// face. Written after tools/pico/checker.py, whose verdicts tests/judge/checker.cpp compares it
// with.
#pragma once

#include <string_view>
#include <vector>

#include "judge/checker/vocabulary.h"
#include "pictures/image.h"

namespace lacuna::checker {

struct Part {
  Thing thing;
  Colour colour;
  double x, y;     // centre, in pixels of the 64 x 64 image
  double overlap;  // intersection over union with the best template
};

struct Verdict {
  Kind kind = Kind::blank;
  std::vector<Part> parts;     // the largest first, at most three; none if flat
  Style style = Style::plain;  // of the largest part
  Colour field = Colour::red;  // if flat: its colour
  double correlation = 0;      // with the memorised image; above 0.9 it is one
};

// Of an image whose sides are 64 or a whole multiple of it; else an InputError with its name.
Verdict look(const Image& image, std::string_view name = "the picture");

}  // namespace lacuna::checker
