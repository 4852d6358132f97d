// Images at another size.
#pragma once

#include "pictures/image.h"

namespace lacuna {

// Bicubic (Keys 1981, a = -0.5) with the kernel widened if the image shrinks, as Pillow's BICUBIC
// does it. What is too wide or too high for the new shape is first cut away evenly on both sides.
// All sides are 1 or more.
Image resized(const Image& image, int width, int height);

Image mirrored(const Image& image);  // left is right

}  // namespace lacuna
