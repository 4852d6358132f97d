// Charts as images, for people who look at a run: a curve of losses, bars of layers. White, about
// 960 pixels wide, with the font of label.h.
//
// Nothing that a run can produce breaks them: what is NaN or infinite leaves a gap and is counted
// in the legend; without any value the chart says so.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pictures/axis.h"
#include "pictures/canvas.h"
#include "pictures/image.h"

namespace lacuna {

struct Series {
  std::string name;          // for the legend
  std::vector<double> x, y;  // equally many; if x is empty, 0, 1, 2, ...
};

struct LineChart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
};

// The y axis is logarithmic if the values span more than two decades. A series of many points is
// drawn pale with its running mean on top, one of few points with a dot for each.
Image line_chart(const LineChart& chart);

// Where line_chart draws: the value (x, y) lies at the pixel whose centre is
// (left + axis_x.place(x) * width, bottom - axis_y.place(y) * height).
struct Plot {
  Axis x, y;
  int left = 0, bottom = 0, width = 0, height = 0;
};
Plot plot_of(const LineChart& chart);

// For other charts of the same look: the place of a plot whose axes are known, with room for the y
// labels and `top` pixels above; axes with grid, ticks and labels (left of and below the plot); and
// the colours of series.
void lay_out(Plot& plot, int page_width, int top, int height);
void draw_axes(Image& page, const Plot& plot);
std::span<const Colour> chart_colours();

// The mean of up to `window` values around each; NaN and infinities are left out, and if nothing is
// left the mean is NaN.
std::vector<double> running_mean(std::span<const double> values, size_t window);

struct Bar {
  std::string label;
  double value = 0;
};

struct BarChart {
  std::string title;
  std::vector<Bar> bars;  // from the top
};

inline constexpr size_t most_bars = 80;

// Of more than most_bars the largest (in magnitude) are shown, in their order, and the title says
// so.
Image bar_chart(const BarChart& chart);

}  // namespace lacuna
