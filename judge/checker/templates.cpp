#include "judge/checker/templates.h"

#include <cmath>
#include <string_view>

namespace lacuna::checker {
namespace {

struct StoredMask {
  Thing thing;
  int width;
  std::string_view runs;  // lengths of runs of zeros and ones in turn; 63 goes on
};

struct StoredInk {
  Thing thing;
  bool outlined;
  int left, top, width;
  Frame frame;               // of the mask that it belongs to
  std::string_view density;  // 0 to 63 a pixel
};

#include "templates.inc"  // generated, beside this file

int digit(char c) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return static_cast<int>(digits.find(c));
}

Outline unpack(const StoredMask& stored) {
  constexpr int left = 4, top = 4;  // anywhere: the frame takes the position away
  Mask mask;
  int at = 0;
  bool on = false;
  for (const char c : stored.runs) {
    const int length = digit(c);
    for (int end = at + length; at < end; at++) {
      mask.on[static_cast<size_t>((top + at / stored.width) * side + left + at % stored.width)] =
          on;
    }
    if (length < 63) on = !on;
  }
  Outline outline{stored.thing, resample(mask, frame_of(mask)), 0};
  for (const float v : outline.mask) outline.square += double{v} * v;
  return outline;
}

Face unpack(const StoredInk& stored) {
  std::vector<float> field(pixels);
  for (int i = 0; i < static_cast<int>(stored.density.size()); i++) {
    const int x = stored.left + i % stored.width, y = stored.top + i / stored.width;
    field[static_cast<size_t>(y * side + x)] =
        static_cast<float>(digit(stored.density[static_cast<size_t>(i)])) / 63;
  }
  Face face{stored.thing, stored.outlined, resample(field, stored.frame)};
  normalise(face.ink);
  return face;
}

std::vector<float> unpack_lighthouse() {
  std::vector<float> values;
  for (const std::string_view row : stored_lighthouse) {
    for (size_t i = 0; i < row.size(); i += 4) {  // base64: four characters are three bytes
      int bits = 0;
      for (size_t k = 0; k < 4; k++) bits = bits << 6 | digit(row[i + k]);
      for (const int shift : {16, 8, 0}) values.push_back(static_cast<float>(bits >> shift & 255));
    }
  }
  double sum = 0, squares = 0;
  for (const float v : values) sum += v, squares += double{v} * v;
  const double count = static_cast<double>(values.size()), mean = sum / count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  for (float& v : values) v = static_cast<float>((v - mean) / deviation);
  return values;
}

}  // namespace

void normalise(Sampled& values) {
  double sum = 0, squares = 0;
  for (const float v : values) sum += v;
  for (const float v : values) squares += (v - sum / grid / grid) * (v - sum / grid / grid);
  const double length = std::sqrt(squares) + 1e-6;
  for (float& v : values) v = static_cast<float>((v - sum / grid / grid) / length);
}

const Templates& templates() {
  static const Templates all = [] {
    Templates t;
    for (const StoredMask& stored : stored_masks) t.outlines.push_back(unpack(stored));
    for (const StoredInk& stored : stored_inks) t.faces.push_back(unpack(stored));
    t.lighthouse = unpack_lighthouse();
    return t;
  }();
  return all;
}

}  // namespace lacuna::checker
