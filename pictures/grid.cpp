#include "pictures/grid.h"

#include <algorithm>

#include "base/error.h"
#include "pictures/label.h"

namespace lacuna {
namespace {

constexpr int gap = 8, least_cell = 160, widest_row_label = 200, most_lines = 3;

using Lines = std::vector<std::u32string>;

void paste(Image& into, const Image& image, int x, int y) {
  for (int row = 0; row < image.height; ++row) {
    std::copy_n(&image.rgb[size_t(row) * size_t(image.width) * 3], size_t(image.width) * 3,
                &into.rgb[(size_t(y + row) * size_t(into.width) + size_t(x)) * 3]);
  }
}

std::vector<Lines> broken(const std::vector<std::string>& labels, int count, int width) {
  std::vector<Lines> all(static_cast<size_t>(count));
  for (size_t i = 0; i < std::min(all.size(), labels.size()); ++i) {
    all[i] = break_lines(labels[i], width, most_lines);
  }
  return all;
}

int widest(const std::vector<Lines>& labels) {
  int width = 0;
  for (const Lines& lines : labels) {
    for (const std::u32string& line : lines) width = std::max(width, text_width(line));
  }
  return width;
}

int tallest(const std::vector<Lines>& labels) {
  size_t count = 0;
  for (const Lines& lines : labels) count = std::max(count, lines.size());
  return static_cast<int>(count) * line_height;
}

// What PNG encoders count in 32 bits, and what still can be looked at.
constexpr int64_t most_page_pixels = int64_t{1} << 29, most_picture_pixels = int64_t{1} << 28;

int enlargement(int64_t width) {
  return static_cast<int>(std::max<int64_t>(1, (least_cell + width - 1) / width));
}

}  // namespace

void check_grid(size_t images, int64_t width, int64_t height) {
  const int64_t factor = enlargement(width);
  const auto most =
      static_cast<size_t>(most_picture_pixels / ((factor * width + gap) * (factor * height + gap)));
  if (images > most) {
    throw InputError(
        "[grid] {} pictures of {}x{} are too many for one grid, which holds {}; ask "
        "for fewer, or for pictures without a grid",
        images, width, height, most);
  }
}

Image grid(std::span<const Image> images, int columns, const GridLabels& labels) {
  if (images.empty()) throw InputError("[grid] there is no picture to show; make one first");
  const int count = static_cast<int>(images.size());
  columns = std::clamp(columns, 1, count);
  const int rows = (count + columns - 1) / columns;

  int width = 1, height = 1;
  for (const Image& image : images) {
    width = std::max(width, image.width);
    height = std::max(height, image.height);
  }
  const int factor = enlargement(width);
  width *= factor, height *= factor;

  const std::vector<Lines> above = broken(labels.columns, columns, width);
  const std::vector<Lines> beside = broken(labels.rows, rows, widest_row_label);
  const int left = widest(beside) > 0 ? gap + widest(beside) + gap : gap;
  const int top = tallest(above) > 0 ? gap + tallest(above) : gap;
  const int64_t page_width = left + int64_t{columns} * (width + gap);
  const int64_t page_height = top + int64_t{rows} * (height + gap);
  if (page_height > most_page_pixels / page_width) {
    throw InputError(
        "[grid] {} pictures make a page of {}x{} pixels, which is too large; show fewer", count,
        page_width, page_height);
  }
  Image page = blank_image(static_cast<int>(page_width), static_cast<int>(page_height), 255);

  for (int column = 0; column < columns; ++column) {  // centred, the last line next to the pictures
    const Lines& lines = above[static_cast<size_t>(column)];
    int y = top - static_cast<int>(lines.size()) * line_height;
    for (const std::u32string& line : lines) {
      draw_text(page, line, left + column * (width + gap) + (width - text_width(line)) / 2, y);
      y += line_height;
    }
  }
  for (int row = 0; row < rows; ++row) {  // flush right, in the middle
    const Lines& lines = beside[static_cast<size_t>(row)];
    int y =
        top + row * (height + gap) + (height - static_cast<int>(lines.size()) * line_height) / 2;
    for (const std::u32string& line : lines) {
      draw_text(page, line, left - gap - text_width(line), y);
      y += line_height;
    }
  }
  for (int i = 0; i < count; ++i) {
    const Image large = upscale(images[static_cast<size_t>(i)], factor);
    paste(page, large, left + i % columns * (width + gap), top + i / columns * (height + gap));
  }
  return page;
}

}  // namespace lacuna
