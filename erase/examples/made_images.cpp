#include "erase/examples/made_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/options/option.h"
#include "base/rng.h"
#include "pictures/canvas.h"

namespace lacuna {
namespace {

struct NamedColour {
  std::string_view name;
  Colour colour;
};
constexpr NamedColour colours[] = {
    {"red", {222, 38, 38}},     {"orange", {246, 138, 24}}, {"yellow", {246, 218, 44}},
    {"green", {44, 160, 62}},   {"cyan", {46, 202, 216}},   {"blue", {40, 78, 214}},
    {"purple", {132, 52, 178}}, {"pink", {248, 138, 190}},  {"brown", {120, 72, 36}},
    {"black", {18, 18, 18}},    {"gray", {128, 128, 128}},  {"white", {250, 250, 250}},
};
constexpr Colour backgrounds[] = {{250, 250, 250}, {222, 222, 222}, {150, 150, 150}, {18, 18, 18}};

// Whether a point of the square -1 to 1 (y downwards) belongs to the shape.
using Inside = bool (*)(double x, double y);
struct Shape2d {
  std::string_view name;
  Inside inside;
};
constexpr Shape2d shapes[] = {
    {"circle", [](double x, double y) { return x * x + y * y < 1; }},
    {"square", [](double x, double y) { return std::abs(x) < 0.85 && std::abs(y) < 0.85; }},
    {"triangle",
     [](double x, double y) { return y < 0.8 && 2 * std::abs(x) < 0.55 * (y + 1) * 2; }},
    {"cross",
     [](double x, double y) {
       return std::min(std::abs(x), std::abs(y)) < 0.3 && std::max(std::abs(x), std::abs(y)) < 1;
     }},
    {"star",
     [](double x, double y) {
       // Between an outer radius at the five tips and an inner one halfway between them.
       const double turn = std::numbers::pi * 2 / 5;
       const double angle = std::atan2(x, -y) + 2 * std::numbers::pi;
       const double part = std::abs(std::fmod(angle, turn) / turn * 2 - 1);  // 1 at tips
       return std::hypot(x, y) < 0.42 + 0.58 * part * part;
     }},
    {"heart",
     [](double x, double y) {
       const double u = 1.2 * x, v = -1.2 * y + 0.15, a = u * u + v * v - 1;
       return a * a * a < u * u * v * v * v;
     }},
};

// How much of the texture's own colour a pixel has, 0 to 1; u and v count periods.
using Weave = double (*)(double u, double v, Rng& rng);
struct Texture {
  std::string_view name;
  Weave weave;
};
double fraction(double x) { return x - std::floor(x); }
constexpr Texture textures[] = {
    {"stripes", [](double u, double, Rng&) { return fraction(u) < 0.5 ? 1.0 : 0.0; }},
    {"dots",
     [](double u, double v, Rng&) {
       return std::hypot(fraction(u) - 0.5, fraction(v) - 0.5) < 0.3 ? 1.0 : 0.0;
     }},
    {"grid", [](double u, double v,
                Rng&) { return std::min(fraction(u), fraction(v)) < 0.25 ? 1.0 : 0.0; }},
    {"checks", [](double u, double v,
                  Rng&) { return (fraction(u) < 0.5) != (fraction(v) < 0.5) ? 1.0 : 0.0; }},
    {"noise", [](double, double, Rng& rng) { return static_cast<double>(rng.uniform()); }},
};

template <typename Table>
std::string names_of(const Table& table, const char* between) {
  std::string text;
  for (const auto& entry : table) text += (text.empty() ? "" : between) + std::string(entry.name);
  return text;
}

template <typename Table>
auto& find(const Table& table, std::string_view name, std::string_view kind) {
  for (const auto& entry : table)
    if (entry.name == name) return entry;
  throw InputError("[images] {} {} '{}' is unknown; choose {}", option("make"), kind, name,
                   names_of(table, ", "));
}

Colour colour_of(std::string_view text) {
  if (text.size() == 7 && text[0] == '#') {
    uint32_t rgb = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 7, rgb, 16);
    if (error == std::errc() && end == text.data() + 7)
      return {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8),
              static_cast<uint8_t>(rgb)};
    throw InputError("[images] {} colour '{}' is not of the form #rrggbb", option("make"), text);
  }
  return find(colours, text, "colour").colour;
}

// Towards black (-1) or white (1).
Colour shade(Colour c, double by) {
  const auto channel = [by](uint8_t v) {
    const double end = by < 0 ? 0 : 255;
    return static_cast<uint8_t>(std::lround(v + (end - v) * std::abs(by)));
  };
  return {channel(c.r), channel(c.g), channel(c.b)};
}

// Shades keep the hue: from well darker to a little lighter.
Colour shade_of(Colour c, int64_t i, int64_t count) {
  return shade(
      c, count < 2 ? 0 : -0.35 + 0.5 * static_cast<double>(i) / static_cast<double>(count - 1));
}

struct Description {
  std::string_view kind, name, colour;  // "shape", "circle", "red"
};

Description parse(std::string_view what) {
  const size_t first = what.find(':');
  if (first == std::string_view::npos)
    throw InputError("[images] {} '{}' is not understood; it is {}", option("make"), what,
                     made_images_help());
  const std::string_view kind = what.substr(0, first), rest = what.substr(first + 1);
  const size_t second = rest.find(':');
  return {kind, rest.substr(0, second),
          second == std::string_view::npos ? std::string_view() : rest.substr(second + 1)};
}

// Fills a picture: `share(u, v)` of `ink` on `paper`, the mean of 4 x 4 points a pixel.
template <typename Share>
Image painted(int width, int height, Colour ink, Colour paper, Share share) {
  constexpr int points = 4;
  Image image = blank_image(width, height, 0);
  fill(image, 0, 0, width, height, paper);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      double sum = 0;
      for (int j = 0; j < points; j++)
        for (int i = 0; i < points; i++)
          sum += share(x + (i + 0.5) / points, y + (j + 0.5) / points);
      blend(image, x, y, ink, static_cast<float>(sum / (points * points)));
    }
  return image;
}

}  // namespace

std::vector<Image> made_images(std::string_view what, int width, int height, int64_t count,
                               uint64_t seed) {
  const Description described = parse(what);
  Rng rng(RngKind::torch, seed);
  const double side = std::min(width, height);
  std::vector<Image> all;
  const auto ink = [&](int64_t i) {
    return described.colour.empty() ? colours[static_cast<size_t>(i) % 8].colour
                                    : shade_of(colour_of(described.colour), i, count);
  };
  const auto paper = [&](int64_t i) {
    return backgrounds[static_cast<size_t>(i) % std::size(backgrounds)];
  };
  if (described.kind == "flat") {
    if (!described.colour.empty())
      throw InputError("[images] {} '{}' names more than a colour; flat:red is usual",
                       option("make"), what);
    for (int64_t i = 0; i < count; i++) {
      all.push_back(blank_image(width, height, 0));
      fill(all.back(), 0, 0, width, height, shade_of(colour_of(described.name), i, count));
    }
  } else if (described.kind == "shape") {
    const Inside inside = find(shapes, described.name, "shape").inside;
    for (int64_t i = 0; i < count; i++) {
      const double radius = side * (0.25 + 0.2 * rng.uniform());
      const double cx = radius + (width - 2 * radius) * rng.uniform();
      const double cy = radius + (height - 2 * radius) * rng.uniform();
      all.push_back(painted(width, height, ink(i), paper(i), [&](double x, double y) {
        return inside((x - cx) / radius, (y - cy) / radius) ? 1.0 : 0.0;
      }));
    }
  } else if (described.kind == "texture") {
    const Weave weave = find(textures, described.name, "texture").weave;
    for (int64_t i = 0; i < count; i++) {
      const double period = side * (0.08 + 0.12 * rng.uniform());
      const double turn = std::numbers::pi * rng.uniform(), c = std::cos(turn), s = std::sin(turn);
      const double u = rng.uniform(), v = rng.uniform();
      all.push_back(painted(width, height, ink(i), paper(i), [&](double x, double y) {
        return weave((c * x + s * y) / period + u, (c * y - s * x) / period + v, rng);
      }));
    }
  } else {
    throw InputError("[images] {} '{}' is not understood; it is {}", option("make"), what,
                     made_images_help());
  }
  return all;
}

std::string made_images_help() {
  return fmt::format("flat:COLOUR, shape:{}[:COLOUR] or texture:{}[:COLOUR]", names_of(shapes, "|"),
                     names_of(textures, "|"));
}

}  // namespace lacuna
