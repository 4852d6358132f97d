#include "pictures/chart.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/unicode.h"
#include "pictures/label.h"

namespace lacuna {
namespace {

constexpr int page_width = 960, margin = 16, plot_height = 380, swatch = 22, legend_gap = 24;
constexpr size_t few_points = 30;  // each gets a dot, and no mean is taken

constexpr Colour grid_colour{0xe4, 0xe4, 0xe4}, minor_colour{0xf3, 0xf3, 0xf3},
    axis_colour{0x80, 0x80, 0x80};
// Okabe and Ito's, which colour-blind people can tell apart; what stands out on white first.
constexpr std::array<Colour, 7> colours = {{{0x00, 0x72, 0xb2},
                                            {0xd5, 0x5e, 0x00},
                                            {0x00, 0x9e, 0x73},
                                            {0xcc, 0x79, 0xa7},
                                            {0xe6, 0x9f, 0x00},
                                            {0x56, 0xb4, 0xe9},
                                            {0x55, 0x55, 0x55}}};

Colour pale(Colour c) {
  const auto lighter = [](uint8_t v) { return static_cast<uint8_t>(255 - (255 - v) * 0.36); };
  return {lighter(c.r), lighter(c.g), lighter(c.b)};
}

void draw_bold(Image& image, std::u32string_view text, int x, int y) {
  draw_text(image, text, x, y);
  draw_text(image, text, x + 1, y);
}

std::u32string cut_to(const std::string& utf8, int width) {
  const auto lines = break_lines(utf8, width, 1);
  return lines.empty() ? std::u32string() : lines.front();
}

// Layers differ at both ends of their names, so what does not fit is left out in the middle.
std::u32string cut_middle(const std::string& utf8, int width) {
  const std::u32string text = decode_utf8(utf8);
  if (text_width(text) <= width) return text;
  for (size_t kept = std::min(text.size(), static_cast<size_t>(width)); kept-- > 0;) {
    const size_t head = kept * 2 / 5;
    const std::u32string shorter =
        text.substr(0, head) + U"\u2026" + text.substr(text.size() - (kept - head));
    if (text_width(shorter) <= width) return shorter;
  }
  return U"\u2026";
}

// ---- line chart ----

// How many points each value of the strong curve stands for.
size_t window_of(size_t points) { return points <= few_points ? 1 : points / 20; }

size_t count_of(const Series& s) {
  return s.x.empty() ? s.y.size() : std::min(s.x.size(), s.y.size());
}
double x_of(const Series& s, size_t i) { return s.x.empty() ? static_cast<double>(i) : s.x[i]; }

size_t not_finite(const Series& s) {
  size_t count = 0;
  for (size_t i = 0; i < count_of(s); i++) count += !drawable(x_of(s, i)) || !drawable(s.y[i]);
  return count;
}

struct LegendEntry {
  std::u32string text;
  int x = 0, row = 0;
};

std::vector<LegendEntry> legend_of(const LineChart& chart) {
  std::vector<LegendEntry> entries;
  int x = margin, row = 0;
  for (const Series& s : chart.series) {
    std::vector<std::string> remarks;
    if (const size_t window = window_of(count_of(s)); window > 1)
      remarks.push_back(fmt::format("mean of {}", window));
    if (const size_t bad = not_finite(s)) remarks.push_back(fmt::format("{} not finite", bad));
    std::string remark = fmt::format("{}", fmt::join(remarks, ", "));
    if (!remark.empty() && !s.name.empty()) remark = fmt::format(" ({})", remark);
    LegendEntry entry{cut_to(s.name, page_width / 2) + decode_utf8(remark), x, row};
    const int width = swatch + 8 + text_width(entry.text);
    if (x > margin && x + width > page_width - margin) entry.x = x = margin, entry.row = ++row;
    x += width + legend_gap;
    entries.push_back(std::move(entry));
  }
  const bool nameless = std::all_of(entries.begin(), entries.end(),
                                    [](const LegendEntry& e) { return e.text.empty(); });
  return nameless ? std::vector<LegendEntry>() : entries;
}

int legend_top(const LineChart& chart) { return chart.title.empty() ? 10 : 38; }

int plot_top(const LineChart& chart) {
  const auto legend = legend_of(chart);
  const int rows = legend.empty() ? 0 : legend.back().row + 1;
  return legend_top(chart) + rows * line_height + (chart.y_label.empty() ? 16 : 18 + line_height);
}

// A curve through the points that can be drawn, in pixels; gaps at the others. What falls into one
// column of pixels is reduced to its first, lowest, highest and last point, so that a million
// points cost no more than a thousand.
class Pen {
 public:
  Pen(Cover& cover, double thickness, bool dots)
      : cover_(cover), thickness_(thickness), dots_(dots) {}
  ~Pen() { gap(); }

  void gap() {
    flush();
    if (run_ == 1) cover_.line(at_x_, at_y_, at_x_, at_y_, 6);  // alone between gaps
    run_ = 0;
  }
  void to(double x, double y) {
    if (dots_) cover_.line(x, y, x, y, 6);
    const double column = std::floor(x);
    if (pending_ > 0 && column == column_) {
      last_x_ = x, last_y_ = y, low_ = std::min(low_, y), high_ = std::max(high_, y), pending_++;
      return;
    }
    flush();
    column_ = column, pending_ = 1;
    first_x_ = last_x_ = x, first_y_ = last_y_ = low_ = high_ = y;
  }

 private:
  void flush() {
    if (pending_ == 0) return;
    step(first_x_, first_y_);
    if (pending_ > 2) {
      const double middle = (first_x_ + last_x_) / 2;
      step(middle, low_), step(middle, high_);
    }
    if (pending_ > 1) step(last_x_, last_y_);
    pending_ = 0;
  }
  void step(double x, double y) {
    if (run_ > 0) cover_.line(at_x_, at_y_, x, y, thickness_);
    at_x_ = x, at_y_ = y, run_++;
  }

  Cover& cover_;
  double thickness_;
  bool dots_;
  size_t pending_ = 0, run_ = 0;
  double column_ = 0, first_x_ = 0, first_y_ = 0, last_x_ = 0, last_y_ = 0, low_ = 0, high_ = 0;
  double at_x_ = 0, at_y_ = 0;
};

void draw_curve(Image& page, const Plot& plot, const Series& s, std::span<const double> y,
                double thickness, bool dots, Colour colour) {
  Cover cover(page);
  {
    Pen pen(cover, thickness, dots);
    for (size_t i = 0; i < y.size(); i++) {
      if (!drawable(x_of(s, i)) || !drawable(y[i])) {
        pen.gap();
        continue;
      }
      pen.to(plot.left + plot.x.place(x_of(s, i)) * plot.width,
             plot.bottom - plot.y.place(y[i]) * plot.height);
    }
  }
  cover.put(page, colour);
}

}  // namespace

std::span<const Colour> chart_colours() { return colours; }

void lay_out(Plot& plot, int page_width, int top, int height) {
  int widest = 0;
  for (const std::string& label : plot.y.labels)
    widest = std::max(widest, text_width(decode_utf8(label)));
  plot.left = margin + widest + 8;
  plot.width = page_width - margin - 14 - plot.left;
  plot.height = height;
  plot.bottom = top + height;
}

void draw_axes(Image& page, const Plot& plot) {
  const auto at_x = [&](double v) {
    return plot.left + static_cast<int>(std::lround(plot.x.place(v) * plot.width));
  };
  const auto at_y = [&](double v) {
    return plot.bottom - static_cast<int>(std::lround(plot.y.place(v) * plot.height));
  };
  const int top = plot.bottom - plot.height;
  for (const double v : plot.y.minor) fill(page, plot.left, at_y(v), plot.width, 1, minor_colour);
  for (const double v : plot.x.minor) fill(page, at_x(v), top, 1, plot.height, minor_colour);
  for (size_t i = 0; i < plot.y.ticks.size(); i++) {
    const int y = at_y(plot.y.ticks[i]);
    fill(page, plot.left, y, plot.width, 1, grid_colour);
    const std::u32string text = decode_utf8(plot.y.labels[i]);
    draw_text(page, text, plot.left - 8 - text_width(text), y - line_height / 2);
  }
  for (size_t i = 0; i < plot.x.ticks.size(); i++) {
    const int x = at_x(plot.x.ticks[i]);
    fill(page, x, top, 1, plot.height, grid_colour);
    fill(page, x, plot.bottom, 1, 5, axis_colour);
    const std::u32string text = decode_utf8(plot.x.labels[i]);
    draw_text(page, text, x - text_width(text) / 2, plot.bottom + 6);
  }
  fill(page, plot.left, top, 1, plot.height + 1, axis_colour);
  fill(page, plot.left, plot.bottom, plot.width + 1, 1, axis_colour);
}

std::vector<double> running_mean(std::span<const double> values, size_t window) {
  window = std::max<size_t>(1, window);
  struct Sum {
    double sum = 0;
    size_t count = 0;
    Sum operator+(const Sum& other) const { return {sum + other.sum, count + other.count}; }
  };
  // Sums from the start and to the end of blocks of `window` values. Every window is one or two of
  // them: nothing is ever subtracted, so no large value leaves its rounding behind.
  const size_t n = values.size(), before = (window - 1) / 2;
  std::vector<Sum> from_start(n), to_end(n);
  const auto term = [&](size_t i) {  // small enough that no sum overflows
    return drawable(values[i]) ? Sum{values[i] / static_cast<double>(window), 1} : Sum{};
  };
  for (size_t i = 0; i < n; i++)
    from_start[i] = i % window == 0 ? term(i) : from_start[i - 1] + term(i);
  for (size_t i = n; i-- > 0;)
    to_end[i] = i + 1 == n || (i + 1) % window == 0 ? term(i) : term(i) + to_end[i + 1];
  std::vector<double> means(n);
  for (size_t i = 0; i < n; i++) {
    const size_t from = i - std::min(i, before), last = std::min(n - 1, i + (window - before - 1));
    Sum total = from % window == 0 ? from_start[last] : to_end[from];
    if (from / window != last / window) total = to_end[from] + from_start[last];
    means[i] = total.count == 0
                   ? std::numeric_limits<double>::quiet_NaN()
                   : total.sum * (static_cast<double>(window) / static_cast<double>(total.count));
  }
  return means;
}

Plot plot_of(const LineChart& chart) {
  std::vector<double> xs, ys;
  for (const Series& s : chart.series) {
    for (size_t i = 0; i < count_of(s); i++) {
      if (!drawable(x_of(s, i))) continue;
      xs.push_back(x_of(s, i));  // without a value, too: a run that ends in NaN keeps its length
      if (drawable(s.y[i])) ys.push_back(s.y[i]);
    }
  }
  Plot plot{linear_axis(xs, 10, Ends::tight), automatic_axis(ys, 8)};
  lay_out(plot, page_width, plot_top(chart), plot_height);
  return plot;
}

Image line_chart(const LineChart& chart) {
  const Plot plot = plot_of(chart);
  const int below = 6 + line_height + (chart.x_label.empty() ? 0 : line_height) + 8;
  Image page = blank_image(page_width, plot.bottom + below, 255);
  draw_bold(page, cut_to(chart.title, page_width - 2 * margin), margin, 10);
  const std::vector<LegendEntry> legend = legend_of(chart);
  for (size_t i = 0; i < legend.size(); i++) {
    const int y = legend_top(chart) + legend[i].row * line_height;
    fill(page, legend[i].x, y + line_height / 2 - 1, swatch, 3, colours[i % colours.size()]);
    draw_text(page, legend[i].text, legend[i].x + swatch + 8, y);
  }
  draw_text(page, cut_to(chart.y_label, page_width / 2), margin,
            plot.bottom - plot.height - line_height - 12);
  const std::u32string x_label = cut_to(chart.x_label, page_width / 2);
  draw_text(page, x_label, plot.left + (plot.width - text_width(x_label)) / 2,
            plot.bottom + 6 + line_height);
  draw_axes(page, plot);

  // First everything pale, then everything strong: no series hides another's mean.
  size_t drawn = 0;
  for (const bool strong : {false, true}) {
    for (size_t i = 0; i < chart.series.size(); i++) {
      const Series& s = chart.series[i];
      const std::span<const double> y(s.y.data(), count_of(s));
      const Colour colour = colours[i % colours.size()];
      const bool few = y.size() <= few_points;
      drawn += strong * (y.size() - not_finite(s));
      if (!strong && !few) draw_curve(page, plot, s, y, 1, false, pale(colour));
      if (strong && few) draw_curve(page, plot, s, y, 2, true, colour);
      if (strong && !few) {
        std::vector<double> means = running_mean(y, window_of(y.size()));
        for (size_t k = 0; k < y.size(); k++)
          if (!drawable(y[k])) means[k] = y[k];  // no mean where there is nothing to see
        draw_curve(page, plot, s, means, 2.2, false, colour);
      }
    }
  }
  if (drawn == 0) {
    const std::u32string text = U"no values to draw";
    const int width = text_width(text), x = plot.left + (plot.width - width) / 2;
    const int y = plot.bottom - (plot.height + line_height) / 2;
    fill(page, x - 8, y, width + 16, line_height, {255, 255, 255});
    draw_text(page, text, x, y);
  }
  return page;
}

// ---- bar chart ----

Image bar_chart(const BarChart& chart) {
  std::vector<size_t> shown(chart.bars.size());
  std::iota(shown.begin(), shown.end(), size_t{0});
  std::string remark;
  if (shown.size() > most_bars) {
    const auto size = [&](size_t i) {  // what is not finite goes wrong somewhere: shown first
      const double v = std::abs(chart.bars[i].value);
      return drawable(v) ? v : std::numeric_limits<double>::infinity();
    };
    std::stable_sort(shown.begin(), shown.end(),
                     [&](size_t a, size_t b) { return size(a) > size(b); });
    shown.resize(most_bars);
    std::sort(shown.begin(), shown.end());
    remark = fmt::format("{}the {} largest of {}", chart.title.empty() ? "" : ": ", most_bars,
                         chart.bars.size());
  }

  constexpr int row_height = line_height + 2, widest_label = 520, gap = 10;
  std::vector<std::u32string> labels, numbers;
  int label_width = 0, number_width = 0;
  double least = 0, most = 0;
  for (const size_t i : shown) {
    const Bar& bar = chart.bars[i];
    labels.push_back(cut_middle(bar.label, widest_label));
    numbers.push_back(decode_utf8(short_number(bar.value, 3)));
    label_width = std::max(label_width, text_width(labels.back()));
    number_width = std::max(number_width, text_width(numbers.back()));
    if (drawable(bar.value)) least = std::min(least, bar.value), most = std::max(most, bar.value);
  }
  const std::u32string end = decode_utf8(remark);
  const std::u32string title = cut_to(chart.title, page_width - 2 * margin - text_width(end)) + end;
  const int top = title.empty() ? 10 : 44, left = margin + label_width + gap;
  const int width = page_width - margin - number_width - gap - left;
  const int rows = std::max(1, static_cast<int>(shown.size())) * row_height;
  Image page = blank_image(page_width, top + rows + 12, 255);
  draw_bold(page, title, margin, 10);
  if (shown.empty()) draw_text(page, U"no values to draw", margin, top);

  const double range = most - least;
  const auto at = [&](double v) { return left + (range > 0 ? (v - least) / range : 0) * width; };
  for (size_t k = 0; k < shown.size(); k++) {
    const int y = top + static_cast<int>(k) * row_height;
    const double value = chart.bars[shown[k]].value;
    draw_text(page, labels[k], left - gap - text_width(labels[k]), y + 1);
    draw_text(page, numbers[k], page_width - margin - text_width(numbers[k]), y + 1);
    if (!drawable(value)) continue;
    const double from = std::min(at(0), at(value)), to = std::max(at(0), at(value));
    for (int x = left; x < left + width; x++) {  // the end pixel in part
      const double share = std::clamp(std::min(to, x + 1.0) - std::max(from, x + 0.0), 0.0, 1.0);
      if (share <= 0) continue;
      const Colour colour = colours[value < 0 ? 1 : 0];
      for (int row = y + 4; row < y + row_height - 4; row++)
        blend(page, x, row, colour, static_cast<float>(share));
    }
  }
  if (!shown.empty()) fill(page, static_cast<int>(std::lround(at(0))), top, 1, rows, axis_colour);
  return page;
}

}  // namespace lacuna
