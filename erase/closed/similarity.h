// How much an image is a copy of a memorised one, and what follows for the prompts that drew it.
#pragma once

#include <filesystem>
#include <vector>

#include "pictures/image.h"

namespace lacuna {

// Pearson's correlation of all pixels and channels, -1 to 1; the second is resized to the first's
// shape. 0 if either is one flat colour.
double correlation(const Image& a, const Image& b);

// Scores that another program gave (an SSCD network, say): lines "picture,score", as the table's
// header calls the columns; picture is the number in the image file's name. Throws InputError if
// one of the `count` images has none.
std::vector<double> read_scores(const std::filesystem::path& csv, size_t count);

}  // namespace lacuna
