#include "judge/checker/look.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "judge/checker/mask.h"
#include "judge/checker/templates.h"
#include "judge/checker/texture.h"

namespace lacuna::checker {
namespace {

constexpr float foreground = 28;  // difference from the background
constexpr double memorised = 0.9;

// Every block of pixels becomes its mean.
Picture shrunk(const Image& image, std::string_view name) {
  const int factor = image.width / side;
  if (image.width != image.height || factor < 1 || image.width % side != 0) {
    throw InputError(
        "[checker] {} has {} x {} pixels; only 64 x 64 or a whole multiple can be judged", name,
        image.width, image.height);
  }
  Picture picture{};
  for (int y = 0; y < image.height; y++) {
    for (int x = 0; x < image.width; x++) {
      Rgb& to = picture[static_cast<size_t>(y / factor * side + x / factor)];
      for (size_t c = 0; c < 3; c++)
        to[c] += image.rgb[static_cast<size_t>(y * image.width + x) * 3 + c];
    }
  }
  for (Rgb& pixel : picture) {
    for (float& v : pixel) v /= static_cast<float>(factor * factor);
  }
  return picture;
}

double correlation(const Picture& picture) {
  double sum = 0, squares = 0, product = 0;
  const float* light = templates().lighthouse.data();
  for (const Rgb& pixel : picture) {
    for (const float v : pixel) sum += v, squares += double{v} * v, product += double{v} * *light++;
  }
  const double count = 3.0 * pixels, mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  return deviation > 1 ? product / count / deviation : 0;  // the lighthouse's mean is 0
}

// The median colour of the border; corners count twice.
Rgb background(const Picture& picture) {
  Rgb median;
  for (size_t c = 0; c < 3; c++) {
    std::vector<float> ring;
    for (size_t i = 0; i < side; i++) {
      for (const size_t at : {i, pixels - side + i, i * side, i * side + side - 1})
        ring.push_back(picture[at][c]);
    }
    median[c] = median_of(ring);
  }
  return median;
}

// The colour that most pixels of a mask are nearest to in hue, weighted by squared chroma.
Colour hue(const Picture& picture, const Mask& mask) {
  // Hues of red, orange, ... pink as tools/pico/render.py draws them, in degrees.
  constexpr std::array<double, 8> hues = {0,       30.811,  51.683,  129.310,
                                          184.941, 226.897, 278.095, 331.636};
  std::array<double, 8> votes{};
  for (size_t i = 0; i < pixels; i++) {
    if (!mask.on[i]) continue;
    const auto [r, g, b] = picture[i];
    const double high = std::max({r, g, b}), chroma = std::max(high - std::min({r, g, b}), 1e-6);
    double degrees = 60 * (high == r   ? (g - b) / chroma + (g < b ? 6 : 0)
                           : high == g ? (b - r) / chroma + 2
                                       : (r - g) / chroma + 4);
    const auto distance = [&](double to) {
      return std::min(std::abs(degrees - to), 360 - std::abs(degrees - to));
    };
    const auto nearest = std::min_element(
        hues.begin(), hues.end(), [&](double p, double q) { return distance(p) < distance(q); });
    votes[static_cast<size_t>(nearest - hues.begin())] += chroma * chroma;
  }
  return static_cast<Colour>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

// The thing whose outline fits best, and its intersection over union.
std::pair<Thing, double> shape(const Mask& part) {
  const Sampled mask = resample(part, frame_of(part));
  double square = 0;
  for (const float v : mask) square += double{v} * v;
  std::pair<Thing, double> best{Thing::circle, -1};
  for (const Outline& outline : templates().outlines) {
    double product = 0;
    for (size_t i = 0; i < mask.size(); i++) product += double{mask[i]} * outline.mask[i];
    const double overlap = product / (outline.square + square - product);
    if (overlap > best.second) best = {outline.thing, overlap};
  }
  return best;
}

// Which of the two cats has a face like this part's.
Thing instance(const Picture& picture, const Mask& part, const Rgb& back, bool outlined) {
  const Mask inner = shrink(part, 7);
  std::vector<float> ink(pixels);
  for (size_t i = 0; i < pixels; i++) {
    if (!inner.on[i]) continue;
    ink[i] = outlined ? std::clamp((distance(picture[i], back) - 20) / 40, 0.0f, 1.0f)
                      : std::clamp((120 - distance(picture[i], ink_colour)) / 70, 0.0f, 1.0f);
  }
  Sampled face = resample(ink, frame_of(part));
  normalise(face);
  std::pair<Thing, double> best{Thing::cat, -2};
  for (const Face& candidate : templates().faces) {
    if (candidate.outlined != outlined) continue;
    double product = 0;
    for (size_t i = 0; i < face.size(); i++) product += double{face[i]} * candidate.ink[i];
    if (product > best.second) best = {candidate.thing, product};
  }
  return best.first;
}

// The connected parts of the foreground that are large enough to be objects.
std::vector<Mask> objects(const Mask& fore) {
  if (fore.area() <= 0.012 * pixels) return {};
  std::vector<Mask> found = components(hull(fore, true));
  std::erase_if(found, [](const Mask& part) { return part.area() < 40; });
  if (found.size() == 1) {  // two objects that nearly touch are one when gaps are closed
    std::vector<Mask> apart = components(hull(fore, false));
    std::erase_if(apart, [](const Mask& part) { return part.area() <= 8; });
    if (apart.size() == 2 && apart[1].area() >= 80 && apart[1].area() > 0.3 * apart[0].area())
      return apart;
  }
  if (found.size() > 3) found.resize(3);
  return found;
}

}  // namespace

Verdict look(const Image& image, std::string_view name) {
  const Picture picture = shrunk(image, name);
  Verdict verdict;
  verdict.correlation = correlation(picture);
  if (verdict.correlation > memorised) {
    verdict.kind = Kind::lighthouse;
    return verdict;
  }
  const Rgb back = background(picture);
  Mask fore;
  for (size_t i = 0; i < pixels; i++) fore.on[i] = distance(picture[i], back) > foreground;
  const std::vector<Mask> found = objects(fore);
  if (found.empty()) {
    if (*std::max_element(back.begin(), back.end()) - *std::min_element(back.begin(), back.end()) >
        40) {
      verdict.kind = Kind::flat;
      Mask all;
      std::fill(all.on.begin(), all.on.end(), uint8_t{1});
      verdict.field = hue(picture, all);
    }
    return verdict;
  }
  for (const Mask& part : found) {
    auto [thing, overlap] = shape(part);
    if (verdict.parts.empty()) verdict.style = texture(picture, part, back, thing == Thing::cat);
    if (thing == Thing::cat) thing = instance(picture, part, back, verdict.style == Style::outla);
    Mask own = part;
    for (size_t i = 0; i < pixels; i++) own.on[i] &= fore.on[i];
    const Frame frame = frame_of(part);
    verdict.parts.push_back({thing, hue(picture, own), frame.x, frame.y, overlap});
  }
  verdict.kind = found.size() == 1 ? Kind::one : Kind::two;
  return verdict;
}

}  // namespace lacuna::checker
