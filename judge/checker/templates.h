// What images are compared with: the outlines of all things over size and tilt, the faces of both
// cats, and the memorised image. Compiled in, as drawn by tools/pico (tools/checker/templates.py).
#pragma once

#include <vector>

#include "judge/checker/mask.h"
#include "judge/checker/vocabulary.h"

namespace lacuna::checker {

struct Outline {
  Thing thing;  // never grumpy_cat, whose outline is the cat's
  Sampled mask;
  double square;  // sum of squares
};

struct Face {
  Thing thing;
  bool outlined;  // drawn by Outla
  Sampled ink;    // less its mean, of length 1
};

struct Templates {
  std::vector<Outline> outlines;
  std::vector<Face> faces;
  std::vector<float> lighthouse;  // [64][64][3], of mean 0 and standard deviation 1
};

const Templates& templates();

// Subtracts the mean and divides by the length.
void normalise(Sampled& values);

}  // namespace lacuna::checker
