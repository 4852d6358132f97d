// Compare: the original and the edited model's image of the same seed, how strongly each edit acts,
// and where.
#pragma once

#include "viewer/mask.h"
#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

class ComparePanel {
 public:
  void controls(Context& c);
  void view(Context& c, Renderer& renderer);
  // Both images with the prompt, as `lacuna sample --compare` lays them out: to the clipboard, or
  // into the folder of the strip. Nothing while there are not two.
  void copy(Context& c);
  void save(Context& c);
  void draw(Context& c);  // as the button does

 private:
  enum class Brush { none, paint, erase };
  void edits(Context& c);
  void region(Context& c);
  void region_from_file(Context& c, const std::filesystem::path& file);
  void beside(Context& c, const Area& all);
  void divided(Context& c, const Area& all);
  // Strokes and the mask, on an area that shows an image.
  void paint(Context& c, const Area& area);
  void hint(Context& c, const Area& all);
  static bool complete(const Context& c);                 // both images are there
  static std::vector<std::byte> sheet(const Context& c);  // as PNG
  bool live_now(const Context& c) const { return live_ && compared_ && c.can_draw(); }

  bool divider_ = false, live_ = true, compared_ = false, stroked_ = false;
  float at_ = 0.5f;       // of the divider
  float radius_ = 0.08f;  // of the brush, as a share of the image's shorter side
  Brush brush_ = Brush::none;
  ImVec2 last_{};  // where the stroke is, in pixels of the image
  Mask mask_;
  Renderer* renderer_ = nullptr;
  std::string new_edit_;
};

}  // namespace lacuna::viewer
