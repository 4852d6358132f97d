// Pixels of an image that is judged, and the artist's hand in them.
#pragma once

#include <array>
#include <vector>

#include "judge/checker/mask.h"
#include "judge/checker/vocabulary.h"

namespace lacuna::checker {

using Rgb = std::array<float, 3>;                // 0 to 255
using Picture = std::array<Rgb, pixels>;         // [y][x]
inline constexpr Rgb ink_colour = {24, 20, 26};  // of faces

// The largest difference of a channel.
float distance(const Rgb& a, const Rgb& b);

float median_of(std::vector<float> values);  // not empty

// The style of one part: nothing inside its outline (Outla), even (plain), or the strongest of the
// spatial frequencies of dots (Dotti), diagonal hatching (Strix) and tiles (Grida). A cat has eyes
// in any style.
Style texture(const Picture& picture, const Mask& part, const Rgb& back, bool cat);

}  // namespace lacuna::checker
