#include "jobs/draw/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pictures/grid.h"

namespace lacuna {
namespace {

// White above, so that pictures under captions of one and of two lines stand in line.
Image padded_above(const Image& image, int height) {
  Image result = blank_image(image.width, height, 255);
  std::copy(image.rgb.begin(), image.rgb.end(),
            result.rgb.end() - static_cast<std::ptrdiff_t>(image.rgb.size()));
  return result;
}

Image captioned_sheet(std::span<const Image> images, std::span<const ImageRequest> requests) {
  std::vector<Image> captioned;
  int height = 0;
  for (size_t i = 0; i < images.size(); i++) {
    captioned.push_back(grid({&images[i], 1}, 1, {{requests[i].prompt}, {}}));
    height = std::max(height, captioned.back().height);
  }
  for (Image& image : captioned) image = padded_above(image, height);
  return grid(captioned,
              static_cast<int>(std::ceil(std::sqrt(static_cast<double>(images.size())))));
}

// Whether every row has the seeds of the first, so that columns can name them.
bool same_seeds(std::span<const ImageRequest> requests, size_t count) {
  for (size_t i = 0; i < requests.size(); i++)
    if (requests[i].seed != requests[i % count].seed) return false;
  return true;
}

std::vector<std::string> prompts_of_rows(std::span<const ImageRequest> requests, size_t count) {
  std::vector<std::string> rows;
  for (size_t i = 0; i < requests.size(); i += count) rows.push_back(requests[i].prompt);
  return rows;
}

}  // namespace

Image contact_sheet(std::span<const Image> images, std::span<const ImageRequest> requests,
                    size_t count) {
  if (count == 1) return captioned_sheet(images, requests);
  GridLabels labels{{}, prompts_of_rows(requests, count)};
  for (size_t i = 0; i < count && same_seeds(requests, count); i++)
    labels.columns.push_back(fmt::format("seed {}", requests[i].seed));
  return grid(images, static_cast<int>(count), labels);
}

Image comparison_sheet(std::span<const Image> original, std::span<const Image> edited,
                       std::span<const ImageRequest> requests, size_t count) {
  GridLabels labels{{}, prompts_of_rows(requests, count)};
  const bool same = same_seeds(requests, count);
  for (size_t i = 0; i < count; i++) {
    const std::string seed = same ? fmt::format("seed {} ", requests[i].seed) : "";
    labels.columns.push_back(seed + "original");
    labels.columns.push_back(seed + "edited");
  }
  std::vector<Image> pairs;
  for (size_t i = 0; i < original.size(); i++) {
    pairs.push_back(original[i]);
    pairs.push_back(edited[i]);
  }
  return grid(pairs, static_cast<int>(2 * count), labels);
}

Image variant_sheet(std::span<const std::vector<Image>> drawn, std::span<const std::string> labels,
                    std::span<const ImageRequest> requests, size_t count) {
  const size_t columns = count == 1 ? requests.size() : count;
  GridLabels grid_labels;
  std::vector<Image> images;
  for (size_t first = 0; first < requests.size(); first += columns)
    for (size_t v = 0; v < drawn.size(); v++) {
      const bool one =
          requests.size() == columns;  // the prompt is the same in all rows, or in none
      grid_labels.rows.push_back(one ? labels[v]
                                     : fmt::format("{}: {}", requests[first].prompt, labels[v]));
      const auto row = std::span(drawn[v]).subspan(first, columns);
      images.insert(images.end(), row.begin(), row.end());
    }
  for (size_t i = 0; i < columns; i++)
    grid_labels.columns.push_back(count == 1 ? requests[i].prompt
                                  : same_seeds(requests, count)
                                      ? fmt::format("seed {}", requests[i].seed)
                                      : "");
  return grid(images, static_cast<int>(columns), grid_labels);
}

}  // namespace lacuna
