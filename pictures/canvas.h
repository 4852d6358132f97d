// Drawing in colour on an Image, with smooth edges. What lies outside the image is left out.
#pragma once

#include "pictures/image.h"

namespace lacuna {

struct Colour {
  uint8_t r, g, b;
};

// The pixel moves towards the colour by `share`, 0 to 1.
void blend(Image& image, int x, int y, Colour colour, float share);
void fill(Image& image, int x, int y, int width, int height, Colour colour);

// How much of each pixel one curve covers; pixel (x, y) has its centre at x, y. A curve is put on
// the image as a whole, so that its segments leave no dark spots where they meet.
class Cover {
 public:
  explicit Cover(const Image& image);

  // From (ax, ay) to (bx, by), all finite, with round ends; a dot if they are the same.
  void line(double ax, double ay, double bx, double by, double thickness);
  void put(Image& image, Colour colour) const;  // on an image of the same size

 private:
  int width_, height_;
  std::vector<float> share_;
};

}  // namespace lacuna
