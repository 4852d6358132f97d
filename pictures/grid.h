// Images side by side with labels, for comparing seeds, prompts, and before with after.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pictures/image.h"

namespace lacuna {

struct GridLabels {
  std::vector<std::string> columns, rows;  // UTF-8; missing ones are empty
};

// Throws InputError if so many images of that size make too large a page. To be called before hours
// of work.
void check_grid(size_t images, int64_t width, int64_t height);

// Row by row, `columns` to a row. Images smaller than 160 pixels are enlarged by a whole factor;
// cells have the size of the largest image. Long labels are broken into lines, at most three.
Image grid(std::span<const Image> images, int columns, const GridLabels& labels = {});

}  // namespace lacuna
