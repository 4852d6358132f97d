// Regions of an image, in which an edit acts or is trained: pixels on the user's side, latents on
// the UNet's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna {

struct Region {
  std::string name;  // as the user wrote it
  int width = 0, height = 0;
  std::vector<float> inside;  // [height][width]: 0 outside, 1 inside, between on a soft border
  std::string note;           // what was done to a file so that it fits; mostly empty
};

// left, right, top, bottom (halves), center (a square of a quarter of the shorter side), cell:R,C
// (row and column, 1 to 3, of a 3x3 grid), rect:X,Y,W,H and circle:X,Y,R in shares of the image's
// sides (R of the shorter), or the name of a PNG or JPEG, white inside, which is resized if it has
// another size. Throws InputError for other words, and if nothing is inside.
Region parse_region(const std::string& text, int width, int height);

// The nine cells of a 3x3 grid, which cover every pixel once, and the centre.
std::vector<Region> grid_regions(int width, int height);

// The share of each latent's pixels that is inside, [height][width]. The image's sides are whole
// multiples of these.
std::vector<float> area_average(const Region& region, int64_t height, int64_t width);

}  // namespace lacuna
