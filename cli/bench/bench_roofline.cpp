#include "cli/bench/bench_roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "base/unicode.h"
#include "pictures/canvas.h"
#include "pictures/chart.h"
#include "pictures/label.h"

namespace lacuna {
namespace {

constexpr int page_width = 1120, margin = 16, plot_height = 560, top = 60, key_columns = 3;
constexpr double dot = 9;  // pixels across

constexpr Colour roof_colour{0x40, 0x40, 0x40}, white{255, 255, 255}, leader{0xa0, 0xa0, 0xa0},
    joint{0xc8, 0xc8, 0xc8};

// One kernel at one shape, in one or two storage types.
struct Point {
  std::string title;  // kernel and shape
  Colour colour{};
  struct Dot {
    double intensity, rate;  // flop per byte, GFLOP per second
    bool hollow;
    double share;  // of the roof
  };
  std::vector<Dot> dots;
};

Colour colour_of(const std::string& kernel) {
  const std::string op = kernel.substr(0, kernel.find('.'));
  const bool gradient = op.size() < kernel.size();
  if (op == "linear") return chart_colours()[gradient ? 5 : 0];
  if (op == "conv2d") return chart_colours()[gradient ? 4 : 1];
  return chart_colours()[gradient ? 3 : 2];
}

std::vector<Point> points_of(const BenchReport& report) {
  std::vector<Point> points;
  std::map<std::string, size_t> known;
  for (const BenchLine& l : report.lines()) {
    if (!l.model.empty() || l.is_peak() || l.flop <= 0 || l.bytes <= 0) continue;
    const std::string title = l.kernel + " " + l.shape;
    const auto [at, fresh] = known.emplace(title, points.size());
    if (fresh) points.push_back({title, colour_of(l.kernel), {}});
    points[at->second].dots.push_back({l.flop / l.bytes, report.peaks().flop_rate(l) * 1e-9,
                                       l.dtype == "f16", report.peaks().share_of_roof(l)});
  }
  return points;
}

// Where an axis has few powers of ten, twice and five times them are labelled, too.
Axis readable(double low, double high) {
  Axis axis = log_axis(low, high, 12);
  if (axis.ticks.size() > 3) return axis;
  for (const double v : std::vector<double>(axis.minor)) {
    const double digit = v / std::pow(10.0, std::floor(std::log10(v) + 1e-9));
    if (std::abs(digit - 2) > 1e-6 && std::abs(digit - 5) > 1e-6) continue;
    std::erase(axis.minor, v);
    const auto at = std::lower_bound(axis.ticks.begin(), axis.ticks.end(), v) - axis.ticks.begin();
    axis.ticks.insert(axis.ticks.begin() + at, v);
    axis.labels.insert(axis.labels.begin() + at, short_number(v, 3));
  }
  return axis;
}

Plot plot_for(const std::vector<Point>& points, const Peaks& peaks) {
  const double roof = peaks.flop * 1e-9, ridge = peaks.flop / peaks.bytes;
  double left = ridge / 2, right = ridge * 4, low = roof / 4;
  for (const Point& p : points)
    for (const Point::Dot& d : p.dots) {
      left = std::min(left, d.intensity / 1.3), right = std::max(right, d.intensity * 1.3);
      low = std::min(low, d.rate / 1.3);
    }
  Plot plot{readable(left, right), readable(low, roof * 1.4)};
  lay_out(plot, page_width, top, plot_height);
  return plot;
}

struct Box {
  double x, y, width, height;
  bool meets(const Box& o) const {
    return x < o.x + o.width && o.x < x + width && y < o.y + o.height && o.y < y + height;
  }
};

class Roofline {
 public:
  Roofline(const BenchReport& report)
      : peaks_(report.peaks()),
        points_(points_of(report)),
        plot_(plot_for(points_, peaks_)),
        page_(blank_image(page_width, plot_.bottom + 64 + key_rows() * line_height + 12, 255)) {}

  Image draw(const std::string& device) {
    const std::string per = peaks_.cpu ? "CPU second" : "second";
    for (const int bold : {0, 1}) text(fmt::format("Roofline of {}", device), margin + bold, 8);
    text(fmt::format("GFLOP per {}; full: f32, hollow: f16 storage of the same kernel; below: "
                     "percent of the roof",
                     per),
         margin, 8 + line_height);
    draw_axes(page_, plot_);
    const char* x_label = "flop per byte of inputs and outputs";
    text(x_label, plot_.left + (plot_.width - width_of(x_label)) / 2,
         plot_.bottom + 6 + line_height);
    draw_roof(per);
    draw_joints();
    for (const Point& p : points_)
      for (const Point::Dot& d : p.dots) {
        disc(x_of(d.intensity), y_of(d.rate), dot, p.colour);
        if (d.hollow) disc(x_of(d.intensity), y_of(d.rate), dot - 4, white);
      }
    draw_numbers();
    draw_key();
    return std::move(page_);
  }

 private:
  double x_of(double intensity) const {
    return plot_.left + plot_.x.place(intensity) * plot_.width;
  }
  double y_of(double rate) const { return plot_.bottom - plot_.y.place(rate) * plot_.height; }
  int key_rows() const {
    return (static_cast<int>(points_.size()) + key_columns - 1) / key_columns;
  }
  static int width_of(const std::string& utf8) { return text_width(decode_utf8(utf8)); }
  void text(const std::string& utf8, int x, int y) { draw_text(page_, decode_utf8(utf8), x, y); }

  void line(double ax, double ay, double bx, double by, double thickness, Colour colour) {
    Cover cover(page_);
    cover.line(ax, ay, bx, by, thickness);
    cover.put(page_, colour);
  }
  void disc(double x, double y, double size, Colour colour) { line(x, y, x, y, size, colour); }

  void draw_roof(const std::string& per) {
    const double flop = peaks_.flop * 1e-9, bytes = peaks_.bytes * 1e-9, ridge = flop / bytes;
    const double start = std::max(plot_.x.low, plot_.y.low / bytes);
    Cover cover(page_);
    cover.line(x_of(start), y_of(start * bytes), x_of(ridge), y_of(flop), 2.5);
    cover.line(x_of(ridge), y_of(flop), x_of(plot_.x.high), y_of(flop), 2.5);
    cover.put(page_, roof_colour);
    const std::string peak = fmt::format("{} GFLOP per {}", four_digits(flop), per);
    const int x = static_cast<int>(x_of(plot_.x.high)) - width_of(peak) - 6;
    text(peak, x, static_cast<int>(y_of(flop)) - line_height - 3);
    const std::string slope = fmt::format("{} GB per {}", four_digits(bytes), per);
    // Left of the slope's middle, or further up where the axis leaves no room.
    const double least = plot_.left + 20 + width_of(slope);
    double at = std::sqrt(start * ridge);
    while (at < ridge && x_of(at) < least) at *= 1.02;
    text(slope, static_cast<int>(x_of(at)) - width_of(slope) - 14,
         static_cast<int>(y_of(at * bytes)) - line_height);
  }

  // Only first dots are numbered: the second one hangs on it.
  void draw_joints() {
    Cover cover(page_);
    for (const Point& p : points_)
      for (const Point::Dot& d : p.dots)
        cover.line(x_of(p.dots[0].intensity), y_of(p.dots[0].rate), x_of(d.intensity), y_of(d.rate),
                   1);
    cover.put(page_, joint);
  }

  // Each number beside its first dot, at the nearest place that is free of dots and numbers.
  void draw_numbers() {
    std::vector<Box> taken;
    for (const Point& p : points_)
      for (const Point::Dot& d : p.dots)
        taken.push_back({x_of(d.intensity) - dot / 2, y_of(d.rate) - dot / 2, dot, dot});
    for (double x = plot_.x.low; x < plot_.x.high; x *= 1.02)
      taken.push_back({x_of(x) - 3, y_of(peaks_.roof(x) * 1e-9) - 3, 6, 6});
    for (size_t i = 0; i < points_.size(); i++) {
      const Point::Dot& d = points_[i].dots.front();
      const std::string number = std::to_string(i + 1);
      const double x = x_of(d.intensity), y = y_of(d.rate), width = width_of(number);
      constexpr double height = 14;  // of a digit and some air
      Box best{x + dot, y - height / 2, width, height};
      bool found = false;
      for (double reach = dot; reach < 90 && !found; reach += 5) {
        for (int step = 0; step < 16 && !found; step++) {
          const double angle = step * 3.14159265358979 / 8;
          const double cx = x + std::cos(angle) * (reach + width / 2 - 2);
          const double cy = y + std::sin(angle) * (reach + 1);
          const Box box{cx - width / 2, cy - height / 2, width, height};
          const bool inside = box.x > plot_.left && box.x + width < plot_.left + plot_.width &&
                              box.y > top && box.y + height < plot_.bottom;
          if (!inside || std::ranges::any_of(taken, [&](const Box& b) { return b.meets(box); }))
            continue;
          best = box, found = true;
          if (reach > dot + 5) {
            const double shown = 1 - 0.5 * height / reach;
            line(x + std::cos(angle) * dot / 2, y + std::sin(angle) * dot / 2, x + (cx - x) * shown,
                 y + (cy - y) * shown, 1, leader);
          }
        }
      }
      taken.push_back(best);
      text(number, static_cast<int>(std::lround(best.x)),
           static_cast<int>(std::lround(best.y + height / 2)) - line_height / 2);
    }
  }

  void draw_key() {
    const int rows = std::max(1, key_rows()), width = (page_width - 2 * margin) / key_columns;
    for (size_t i = 0; i < points_.size(); i++) {
      const Point& p = points_[i];
      const int x = margin + static_cast<int>(i) / rows * width;
      const int y = plot_.bottom + 64 + static_cast<int>(i) % rows * line_height;
      const std::string number = std::to_string(i + 1);
      text(number, x + 26 - width_of(number), y);
      disc(x + 36, y + line_height / 2.0, dot, p.colour);
      std::string shares;
      for (const Point::Dot& d : p.dots)
        shares += fmt::format("{}{:.0f}", shares.empty() ? "" : ", ", 100 * d.share);
      text(fmt::format("{}  {} %", p.title, shares), x + 46, y);
    }
  }

  Peaks peaks_;
  std::vector<Point> points_;
  Plot plot_;
  Image page_;
};

}  // namespace

void check_roofline_output(const std::filesystem::path& file, bool may_replace) {
  if (file.extension() != ".png")
    throw InputError("[bench] {} {} must end in .png", option("roofline"), display(file));
  if (std::filesystem::exists(file) && !may_replace)
    throw InputError("[bench] {} exists; choose another name or add {} to replace it",
                     display(file), option("force"));
  if (file.has_parent_path()) make_folder(file.parent_path());
}

Image draw_roofline(const BenchReport& report, const std::string& device) {
  return Roofline(report).draw(device);
}

void write_roofline(const std::filesystem::path& file, const BenchReport& report,
                    const std::string& device) {
  write_file(file, encode_png(draw_roofline(report, device)), Overwrite::yes);
}

}  // namespace lacuna
