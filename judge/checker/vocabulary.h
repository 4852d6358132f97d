// The words of pico's picture language: what images show and prompts ask for.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace lacuna::checker {

enum class Colour { red, orange, yellow, green, cyan, blue, purple, pink };
enum class Thing {
  circle,
  square,
  triangle,
  star,
  cross,
  heart,  // shapes
  apple,
  lemon,
  leaf,
  plum,  // things with a colour of their own
  cat,
  grumpy_cat,  // one family, two instances
};
enum class Style { plain, dotti, strix, grida, outla };
enum class Kind { blank, flat, one, two, lighthouse };

inline constexpr std::array<std::string_view, 8> colour_names = {
    "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"};
inline constexpr std::array<std::string_view, 12> thing_names = {
    "circle", "square", "triangle", "star", "cross", "heart",
    "apple",  "lemon",  "leaf",     "plum", "cat",   "grumpy cat"};
inline constexpr std::array<std::string_view, 5> style_names = {"", "Dotti", "Strix", "Grida",
                                                                "Outla"};
inline constexpr std::array<std::string_view, 5> kind_names = {"blank", "flat", "one", "two",
                                                               "lighthouse"};

inline std::string_view name_of(Colour c) { return colour_names[static_cast<size_t>(c)]; }
inline std::string_view name_of(Thing t) { return thing_names[static_cast<size_t>(t)]; }
inline std::string_view name_of(Style s) { return style_names[static_cast<size_t>(s)]; }
inline std::string_view name_of(Kind k) { return kind_names[static_cast<size_t>(k)]; }

inline bool is_cat(Thing t) { return t == Thing::cat || t == Thing::grumpy_cat; }

// The colour that a thing has if none is named.
inline std::optional<Colour> implied_colour(Thing t) {
  switch (t) {
    case Thing::apple:
      return Colour::red;
    case Thing::lemon:
      return Colour::yellow;
    case Thing::leaf:
      return Colour::green;
    case Thing::plum:
      return Colour::purple;
    default:
      return std::nullopt;
  }
}

}  // namespace lacuna::checker
