// A table of shares as an image: the larger, the darker, with the number in each cell.
#pragma once

#include <span>
#include <string>

#include "pictures/image.h"

namespace lacuna {

struct HeatMap {
  std::vector<std::string> rows, columns;
  std::vector<double> values;  // [rows][columns]; 0 is white, 1 the darkest; NaN is an empty cell
};

Image draw_heat_map(const HeatMap& map);

}  // namespace lacuna
