// The region that is painted on an image: where edits act.
#pragma once

#include <memory>
#include <vector>

#include "pictures/region.h"
#include "viewer/vulkan/pictures.h"

namespace lacuna::viewer {

class Mask {
 public:
  // Of an image of that size; what was painted on another size is dropped.
  void fit(int width, int height);
  // A line of that radius between two points, all in pixels of the image.
  void stroke(ImVec2 from, ImVec2 to, float radius, bool inside);
  // Of the region's size: what is inside by half at least.
  void take(const Region& region);
  void clear();
  bool empty() const { return painted_ == 0; }
  // [height][width], 0 or 1; empty while nothing is painted.
  std::vector<float> inside() const;
  // Lays the region's colour over the image.
  void draw(Renderer& renderer, const Area& area);

 private:
  int width_ = 0, height_ = 0;
  std::vector<bool> inside_;
  size_t painted_ = 0;
  std::unique_ptr<Texture> texture_;
  bool changed_ = true;
};

}  // namespace lacuna::viewer
