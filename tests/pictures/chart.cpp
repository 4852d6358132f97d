// Charts: axes are round, curves pass where they must, and no value breaks them.
#include "pictures/chart.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "pictures/label.h"

using namespace lacuna;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double tiny = std::numeric_limits<double>::denorm_min();

// How far the pixel is from grey: the curves are the only colours of a page.
int colour_at(const Image& page, int x, int y) {
  const uint8_t* p = &page.rgb[(size_t(y) * size_t(page.width) + size_t(x)) * 3];
  return std::max({p[0], p[1], p[2]}) - std::min({p[0], p[1], p[2]});
}

int colour_at(const Image& page, const Plot& plot, double x, double y) {
  return colour_at(page, int(std::lround(plot.left + plot.x.place(x) * plot.width)),
                   int(std::lround(plot.bottom - plot.y.place(y) * plot.height)));
}

constexpr int strong = 120, none = 0;

// 1, 2 or 5 times a power of ten.
bool is_round(double step) {
  const double mantissa = step / std::pow(10.0, std::floor(std::log10(step) + 1e-9));
  for (const double m : {1.0, 2.0, 5.0})
    if (std::abs(mantissa - m) < 1e-6) return true;
  return false;
}

void check_sound(const Axis& axis) {
  REQUIRE(std::isfinite(axis.low));
  REQUIRE(std::isfinite(axis.high));
  REQUIRE(axis.low < axis.high);
  REQUIRE(axis.ticks.size() >= 1);
  REQUIRE(axis.ticks.size() <= 12);
  REQUIRE(axis.labels.size() == axis.ticks.size());
  CHECK(std::is_sorted(axis.ticks.begin(), axis.ticks.end()));
  CHECK(axis.ticks.front() >= axis.low);
  CHECK(axis.ticks.back() <= axis.high);
  CHECK(std::set<std::string>(axis.labels.begin(), axis.labels.end()).size() == axis.labels.size());
  for (const std::string& label : axis.labels) CHECK(label.size() <= 16);
}

LineChart chart_of(std::vector<double> y) { return {.series = {{"s", {}, std::move(y)}}}; }

}  // namespace

TEST_CASE("linear axes: round ticks that hold the data") {
  const auto axis = [](std::vector<double> v) { return linear_axis(v, 8, Ends::round); };
  CHECK(axis({0, 1}).ticks == std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1});
  CHECK(axis({0, 1}).labels == std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(axis({0.1, 0.7}).ticks == std::vector<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7});
  CHECK(axis({-3, 12}).ticks == std::vector<double>{-4, -2, 0, 2, 4, 6, 8, 10, 12});
  CHECK(axis({1e9, 1e9 + 400}).labels.front() == "1e9");
  CHECK(axis({2e-9, 9e-9}).labels ==
        std::vector<std::string>{"0", "2e-9", "4e-9", "6e-9", "8e-9", "1e-8"});
  CHECK(axis({5}).low == doctest::Approx(4.4));
  const Axis tight = linear_axis(std::vector<double>{3, 997}, 10, Ends::tight);
  CHECK(tight.low == 3);
  CHECK(tight.high == 997);
  CHECK(tight.ticks == std::vector<double>{100, 200, 300, 400, 500, 600, 700, 800, 900});
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> mantissa(-1, 1), exponent(-250, 250), width(-8, 2);
  for (int i = 0; i < 5000; i++) {
    const double low = mantissa(engine) * std::pow(10, exponent(engine));
    const double high = low + std::abs(low) * std::pow(10, width(engine));
    for (const Ends ends : {Ends::tight, Ends::round}) {
      const Axis a = linear_axis(std::vector<double>{low, high}, 8, ends);
      INFO(low, " to ", high);
      check_sound(a);
      CHECK(a.low <= low);
      CHECK(a.high >= high);
      if (a.ticks.size() > 1)
        CHECK(is_round((a.ticks.back() - a.ticks.front()) / double(a.ticks.size() - 1)));
    }
  }
}

TEST_CASE("a logarithmic axis for more than two decades of positive values") {
  CHECK_FALSE(automatic_axis(std::vector<double>{0.01, 1}, 8).log);
  CHECK_FALSE(automatic_axis(std::vector<double>{0, 1000}, 8).log);
  CHECK_FALSE(automatic_axis(std::vector<double>{-1, 1000}, 8).log);
  const Axis axis = automatic_axis(std::vector<double>{3e-5, no_number, 0.04, inf}, 8);
  CHECK(axis.log);
  CHECK(axis.low == doctest::Approx(2e-5));
  CHECK(axis.high == doctest::Approx(0.05));
  CHECK(axis.ticks == std::vector<double>{1e-4, 1e-3, 1e-2});
  CHECK(axis.labels == std::vector<std::string>{"1e-4", "1e-3", "1e-2"});
  CHECK(axis.place(axis.low) == 0);
  CHECK(axis.place(axis.high) == 1);
  CHECK(axis.place(1e-3) == doctest::Approx(0.5));
  CHECK(automatic_axis(std::vector<double>{0.1, 100}, 8).labels ==
        std::vector<std::string>{"0.1", "1", "10", "100"});
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> exponent(-299, 299);
  for (int i = 0; i < 2000; i++) {
    const double a = std::pow(10, exponent(engine)), b = std::pow(10, exponent(engine));
    const Axis wide = automatic_axis(std::vector<double>{a, b}, 8);
    check_sound(wide);
    CHECK(wide.low <= std::min(a, b));
    CHECK(wide.high >= std::max(a, b));
    for (const double tick : wide.ticks)
      if (wide.log) CHECK(is_round(tick));
  }
}

TEST_CASE("axes of hostile values") {
  for (const std::vector<double>& values : {std::vector<double>{},
                                            {no_number},
                                            {inf, -inf},
                                            {0},
                                            {-0.0},
                                            {tiny},
                                            {tiny, 1},
                                            {-tiny, tiny},
                                            {largest},
                                            {largest, -largest},
                                            {1e300, -1e300},
                                            {1e300, 1e-300},
                                            {1e300},
                                            {1, 1 + 1e-15},
                                            {1e-300, 1e-299},
                                            {-1e-300, -1e-290}}) {
    check_sound(linear_axis(values, 8, Ends::tight));
    check_sound(linear_axis(values, 8, Ends::round));
    check_sound(linear_axis(values, 0, Ends::round));
    check_sound(automatic_axis(values, 8));
    check_sound(automatic_axis(values, 1));
  }
}

TEST_CASE("short numbers") {
  CHECK(short_number(0, 3) == "0");
  CHECK(short_number(1.23456, 3) == "1.23");
  CHECK(short_number(-0.5, 3) == "-0.5");
  CHECK(short_number(1.5e-5, 3) == "1.5e-5");
  CHECK(short_number(2e-7, 3) == "2e-7");
  CHECK(short_number(123456, 3) == "1.23e5");
  CHECK(short_number(no_number, 3) == "NaN");
  CHECK(short_number(-inf, 3) == "-inf");
}

TEST_CASE("running means, against the plain sum") {
  CHECK(running_mean({}, 5).empty());
  std::mt19937 engine(2);
  std::uniform_real_distribution<double> value(0.5, 2);
  for (const size_t n : {1, 2, 7, 30}) {
    std::vector<double> values(n);
    for (double& v : values) v = engine() % 5 == 0 ? no_number : value(engine);
    for (const size_t window : {0, 1, 2, 3, 6, 7, 29, 30, 31, 1000}) {
      const std::vector<double> means = running_mean(values, window);
      const auto w = std::max<int64_t>(1, int64_t(window));
      for (int64_t i = 0; i < int64_t(n); i++) {
        double sum = 0, count = 0;
        for (int64_t k = i - (w - 1) / 2; k <= i + w / 2; k++)
          if (k >= 0 && k < int64_t(n) && std::isfinite(values[k])) sum += values[k], count++;
        INFO(n, " values, window ", window, ", at ", i);
        if (count == 0)
          CHECK(std::isnan(means[i]));
        else
          CHECK(means[i] == doctest::Approx(sum / count));
      }
    }
  }
  // A huge value leaves nothing behind, and sums of huge values stay finite.
  std::vector<double> values(100, 1e-10);
  values[0] = 1e300;
  CHECK(running_mean(values, 5)[10] == doctest::Approx(1e-10));
  CHECK(running_mean(std::vector<double>(50, 1e300), 20)[25] == doctest::Approx(1e300));
}

TEST_CASE("a line passes through its points and nowhere else") {
  LineChart chart{.title = "title", .x_label = "step", .y_label = "loss"};
  chart.series = {{"loss", {0, 10, 20}, {1, 0.25, 0.5}}};
  const Image page = line_chart(chart);
  const Plot plot = plot_of(chart);
  CHECK(page.width == 960);
  for (auto [x, y] : {std::pair(0.0, 1.0), {5.0, 0.625}, {10.0, 0.25}, {15.0, 0.375}, {20.0, 0.5}})
    CHECK(colour_at(page, plot, x, y) > strong);
  for (auto [x, y] : {std::pair(0.0, 0.5), {5.0, 0.4}, {5.0, 0.8}, {15.0, 0.6}, {20.0, 0.0}})
    CHECK(colour_at(page, plot, x, y) == none);
  // Every column between the ends is touched, and no pixel outside the plot and the legend.
  for (int x = plot.left; x <= plot.left + plot.width; x++) {
    int most = 0;
    for (int y = plot.bottom - plot.height; y <= plot.bottom; y++)
      most = std::max(most, colour_at(page, x, y));
    CHECK(most > strong);
  }
  for (int y = plot.bottom + 5; y < page.height; y++)
    for (int x = 0; x < page.width; x++) CHECK(colour_at(page, x, y) == none);
}

TEST_CASE("a long series is pale, its mean strong") {
  std::vector<double> saw;
  for (int i = 0; i < 400; i++) saw.push_back(i % 2 ? 0.9 : 0.1);
  const LineChart chart = chart_of(saw);
  const Image page = line_chart(chart);
  const Plot plot = plot_of(chart);
  CHECK(colour_at(page, plot, 200, 0.5) > strong);
  const int raw = colour_at(page, plot, 201, 0.9);
  CHECK(raw > none);
  CHECK(raw < strong);
  CHECK(colour_at(page, plot, 200, 0.97) == none);
}

TEST_CASE("NaN leaves a gap; a point between gaps is still seen") {
  const LineChart chart = chart_of({1, 1, no_number, 2, no_number, 3, 3});
  const Image page = line_chart(chart);
  const Plot plot = plot_of(chart);
  CHECK(colour_at(page, plot, 0.5, 1) > strong);
  CHECK(colour_at(page, plot, 3, 2) > strong);
  CHECK(colour_at(page, plot, 5.5, 3) > strong);
  CHECK(colour_at(page, plot, 1.5, 1) == none);
  CHECK(colour_at(page, plot, 2, 1.5) == none);
  CHECK(colour_at(page, plot, 4, 2.5) == none);
}

TEST_CASE("a run that diverges: the axis keeps its length, the curve ends") {
  std::vector<double> y(300, no_number);
  for (size_t i = 0; i < 200; i++) y[i] = 1e-3 * std::exp(0.06 * double(i));
  const LineChart chart = chart_of(y);
  const Image page = line_chart(chart);
  const Plot plot = plot_of(chart);
  CHECK(plot.x.high == 299);
  CHECK(colour_at(page, plot, 100, y[100]) > strong);
  const int end = plot.left + int(plot.x.place(199) * plot.width) + 4;
  for (int x = end; x < page.width; x++)
    for (int row = 0; row < page.height; row++) CHECK(colour_at(page, x, row) == none);
}

TEST_CASE("on a logarithmic axis powers of ten are evenly spaced") {
  const LineChart chart = chart_of({1, 0.1, 0.01, 0.001});
  const Plot plot = plot_of(chart);
  CHECK(plot.y.log);
  const Image page = line_chart(chart);
  for (const double x : {0.5, 1.5, 2.5}) CHECK(colour_at(page, plot, x, std::pow(10, -x)) > strong);
}

TEST_CASE("line charts of hostile values") {
  CHECK(line_chart({}) == line_chart({.series = {{"", {}, {}}}}));
  CHECK(line_chart({}) == line_chart({.series = {{"", {1, 2, 3}, {}}}}));  // no y for any x
  for (const std::vector<double>& y : {std::vector<double>{5},
                                       {no_number},
                                       {0, 0, 0},
                                       {inf, 1, -inf},
                                       {largest, -largest},
                                       {tiny, 1},
                                       {1e300, 1e-300},
                                       {1e300, -1e300},
                                       {no_number, no_number, 7, no_number},
                                       {-1, -1e-9}}) {
    const Image page = line_chart(chart_of(y));
    CHECK(page.width == 960);
    CHECK(page.height < 700);
    line_chart({.series = {{"x", y, y}}});
    line_chart({.series = {{"x", y, {1, 2, 3, 4}}, {"long", {}, std::vector<double>(100, y[0])}}});
  }
  // A million points, half of them on one x; many series; endless names.
  std::vector<double> many(1'000'000), x(many.size());
  std::mt19937 engine(3);
  for (double& v : many) v = engine() / 4e9;
  std::iota(x.begin() + 500'000, x.end(), 0.0);
  line_chart({.series = {{"many", x, many}}});
  LineChart crowd{.title = std::string(100'000, 'W'), .y_label = "\xff\n\x01"};
  for (int i = 0; i < 40; i++) crowd.series.push_back({std::string(i * 10, 'n'), {}, {1.0, 2.0}});
  CHECK(line_chart(crowd).width == 960);
}

namespace {

// The coloured pixels of row k of a bar chart with a title.
int bar_length(const Image& page, int k) {
  int length = 0;
  for (int x = 0; x < page.width; x++)
    length += colour_at(page, x, 44 + k * (line_height + 2) + 11) > none;
  return length;
}

}  // namespace

TEST_CASE("bars are as long as their values") {
  const Image page = bar_chart(
      {.title = "t", .bars = {{"a", 1}, {"b", 2}, {"c", 0}, {"d", -1}, {"e", no_number}}});
  CHECK(page.width == 960);
  const int one = bar_length(page, 0);
  CHECK(one > 200);
  CHECK(std::abs(bar_length(page, 1) - 2 * one) <= 2);
  CHECK(bar_length(page, 2) == 0);
  CHECK(std::abs(bar_length(page, 3) - one) <= 2);
  CHECK(bar_length(page, 4) == 0);
}

TEST_CASE("of many bars the largest are shown, in their order") {
  BarChart chart{.title = "t"};
  for (size_t i = 0; i < most_bars; i++) chart.bars.push_back({"layer", 1.0 + double(i)});
  const Image all = bar_chart(chart);
  chart.bars.insert(chart.bars.begin() + 40, {"small", 0.5});
  const Image page = bar_chart(chart);
  CHECK(page.height == all.height);
  const size_t below_title = size_t(44) * size_t(page.width) * 3;
  CHECK(std::equal(page.rgb.begin() + below_title, page.rgb.end(), all.rgb.begin() + below_title));
  CHECK_FALSE(page == all);  // the title says what is left out
  chart.title = std::string(1000, 'W');
  const Image cut = bar_chart(chart);
  chart.bars.erase(chart.bars.begin() + 40);
  CHECK_FALSE(cut == bar_chart(chart));  // even where the title is too long
}

TEST_CASE("bar charts of hostile values") {
  CHECK(bar_chart({}).width == 960);
  bar_chart({.bars = {{"", 0}}});
  bar_chart({.bars = {{"a", no_number}, {"b", inf}, {"c", -inf}}});
  bar_chart({.bars = {{"a", largest}, {"b", -largest}, {"c", tiny}, {"d", -tiny}}});
  bar_chart({.bars = {{"a", 1e300}, {"b", -1e300}}});
  bar_chart({.bars = {{std::string(1'000'000, 'i'), 1}, {"\xff\xfe\n", 1}}});
  BarChart many;
  for (int i = 0; i < 10000; i++) many.bars.push_back({"b", i % 3 ? no_number : i * 1.0});
  CHECK(bar_chart(many).height < 2000);
}
