// Pictures as textures: each Image that a panel shows becomes a texture once, on the device if it
// already lies there, and is kept as long as it is shown. Also how panels show one.
#pragma once

#include <map>
#include <memory>

#include "viewer/vulkan/renderer.h"
#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

class Pictures {
 public:
  explicit Pictures(Renderer& renderer) : renderer_(renderer) {}
  // `sharp`: its pixels stay squares when they are magnified.
  ImTextureID id(const Shown& shown, bool sharp);
  // How many textures were made of what lay on the device, and of what the host has.
  uint64_t from_device() const { return from_device_; }
  uint64_t from_host() const { return from_host_; }
  // Forgets what was not shown for a while.
  void end_frame();

 private:
  struct Entry {
    ImagePtr image;  // keeps the address from being used again
    std::unique_ptr<Texture> texture;
    uint64_t shown = 0;
  };
  Renderer& renderer_;
  std::map<std::pair<const Image*, bool>, Entry> entries_;
  uint64_t frame_ = 0, from_device_ = 0, from_host_ = 0;
};

struct Area {
  ImVec2 low, high;
  float width() const { return high.x - low.x; }
  float height() const { return high.y - low.y; }
  bool contains(ImVec2 p) const {
    return p.x >= low.x && p.y >= low.y && p.x < high.x && p.y < high.y;
  }
};

// The largest area with the picture's shape in the middle of `all`; small pictures grow by whole
// factors if they can.
Area fitted(const Area& all, int width, int height);
// The rest of the current child window, as canvas with its own colour.
Area canvas(float width = 0, float height = 0);
// Draws a picture there, or the part of it between two shares of its width.
void show(Pictures& pictures, const Shown& shown, const Area& area, float from = 0, float to = 1);
// A text in a box at the foot of an area.
void caption(const Area& area, const char* text);
// A text in the middle of an area, for when there is nothing else.
void placeholder(const Area& area, const char* text);

}  // namespace lacuna::viewer
