// Augmentation of anchor pictures as Concept Ablation does it: mirrored, or shown smaller in a part
// of the canvas, or magnified, with words that say so and a mask of the latents that are picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/options/words.h"
#include "base/rng.h"
#include "models/predictor.h"
#include "pictures/image.h"

namespace lacuna {

enum class Augment { none, flip, resize };
std::span<const Word> words(Augment);

struct Augmented {
  Image image;              // of the same size
  std::string prefix;       // before the caption: "a far away "; mostly empty
  std::vector<float> mask;  // [h,w] of the latents: 1 where they are picture, else 0
};

// A function of the arguments and the generator's state. With `resize` two times of three the
// picture is shown at a third to the whole of its size, below 0.6 so on a gray canvas, else
// magnified by 1.2 to 1.4; with both, half of the pictures are mirrored.
Augmented augmented(const Image& image, Augment augment, LatentSize latents, Rng& rng);

}  // namespace lacuna
