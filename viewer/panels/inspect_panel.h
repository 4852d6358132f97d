// Inspect: how far the edits move each layer, the map of the text encoder's layers, the run's log,
// device and memory.
#pragma once

#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

class InspectPanel {
 public:
  void controls(Context& c);
  void view(Context& c);

 private:
  enum class Page { layers, map, log };
  void measure(Context& c);
  void read_map(Context& c);
  void read_log(Context& c);

  Page page_ = Page::layers;
  std::string map_file_ = "layers-map/map.png", log_file_;
  Shown map_;
  std::vector<std::string> lines_;
};

}  // namespace lacuna::viewer
