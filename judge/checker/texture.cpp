#include "judge/checker/texture.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace lacuna::checker {
namespace {

// The colour of a part: the mean of its pixels, weighted towards those of high chroma.
Rgb colour_of(const std::vector<Rgb>& part) {
  std::vector<float> chroma;
  for (const auto& [r, g, b] : part) chroma.push_back(std::max({r, g, b}) - std::min({r, g, b}));
  const double half = median_of(chroma) * 0.5;
  std::array<double, 3> sum{};
  double weights = 0;
  for (size_t i = 0; i < part.size(); i++) {
    const double over = std::max(0.0, chroma[i] - half), weight = over * over + 1e-3;
    for (size_t c = 0; c < 3; c++) sum[c] += weight * part[i][c];
    weights += weight;
  }
  return {static_cast<float>(sum[0] / weights), static_cast<float>(sum[1] / weights),
          static_cast<float>(sum[2] / weights)};
}

// The share of a signal's energy at one spatial frequency, in cycles a pixel.
double power(const std::vector<float>& signal, const std::vector<int>& at, double u, double v) {
  std::complex<double> sum = 0;
  double energy = 1e-6;
  for (size_t i = 0; i < signal.size(); i++) {
    const double turns = u * (at[i] % side) + v * (at[i] / side);
    sum += double{signal[i]} * std::polar(1.0, -2 * std::numbers::pi * turns);
    energy += double{signal[i]} * signal[i] * static_cast<double>(signal.size());
  }
  return std::norm(sum) / energy;
}

}  // namespace

float distance(const Rgb& a, const Rgb& b) {
  return std::max({std::abs(a[0] - b[0]), std::abs(a[1] - b[1]), std::abs(a[2] - b[2])});
}

float median_of(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

Style texture(const Picture& picture, const Mask& part, const Rgb& back, bool cat) {
  Mask inner = shrink(part, 5);  // the antialiased rim says nothing
  if (inner.area() < 30) inner = part;
  std::vector<Rgb> whole;
  std::vector<int> at;
  for (int i = 0; i < pixels; i++) {
    if (part.on[static_cast<size_t>(i)]) whole.push_back(picture[static_cast<size_t>(i)]);
    if (inner.on[static_cast<size_t>(i)]) at.push_back(i);
  }
  const Rgb colour = colour_of(whole);
  std::vector<float> away;  // from the part's colour
  std::vector<bool> dark;   // lines of a face
  double empty = 0;
  for (const int i : at) {
    const Rgb& pixel = picture[static_cast<size_t>(i)];
    away.push_back(distance(pixel, colour));
    dark.push_back(distance(pixel, ink_colour) < 70);
    empty += distance(pixel, back) < 26;
  }
  const double count = static_cast<double>(at.size());
  if (empty > 0.5 * count && distance(colour, back) > 40) return Style::outla;

  const float median = median_of(away);
  double uneven = 0, mean = 0;
  for (size_t i = 0; i < away.size(); i++) {
    if (dark[i]) away[i] = median;
    uneven += away[i] > 45 && !dark[i];
    away[i] = std::min(away[i], 110.0f);
    mean += away[i] / count;
  }
  if (uneven < (cat ? 0.33 : 0.16) * count) return Style::plain;
  for (float& v : away) v -= static_cast<float>(mean);

  const double diagonal = 1 / (6 * std::numbers::sqrt2);  // pitch 6 across
  const std::array<double, 3> powers = {power(away, at, 1.0 / 6, 0) + power(away, at, 0, 1.0 / 6),
                                        1.4 * power(away, at, diagonal, diagonal),
                                        power(away, at, 1.0 / 8, 0) + power(away, at, 0, 1.0 / 8)};
  constexpr std::array styles = {Style::dotti, Style::strix, Style::grida};
  return styles[static_cast<size_t>(std::max_element(powers.begin(), powers.end()) -
                                    powers.begin())];
}

}  // namespace lacuna::checker
