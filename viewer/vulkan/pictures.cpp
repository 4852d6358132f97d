#include "viewer/vulkan/pictures.h"

#include <algorithm>
#include <cmath>

#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

constexpr uint64_t kept_frames = 90;
constexpr int small_side = 160;  // pictures up to this are shown with square pixels

}  // namespace

ImTextureID Pictures::id(const Shown& shown, bool sharp) {
  const Image& image = *shown.image;
  Entry& e = entries_[{&image, sharp}];
  if (!e.texture) {
    e.image = shown.image;
    e.texture = std::make_unique<Texture>(renderer_, image.width, image.height, sharp);
    if (shown.on_device)
      e.texture->set(shown.on_device);
    else
      e.texture->set(image);
    (shown.on_device ? from_device_ : from_host_)++;
  }
  e.shown = frame_;
  return e.texture->id();
}

void Pictures::end_frame() {
  frame_++;
  std::erase_if(entries_, [&](const auto& e) { return e.second.shown + kept_frames < frame_; });
}

Area fitted(const Area& all, int width, int height) {
  const float w = static_cast<float>(std::max(1, width)),
              h = static_cast<float>(std::max(1, height));
  float scale = std::max(0.01f, std::min(all.width() / w, all.height() / h));
  if (scale > 1 && std::max(width, height) <= small_side) scale = std::max(1.0f, std::floor(scale));
  const ImVec2 size{std::floor(w * scale), std::floor(h * scale)};
  const ImVec2 low{std::floor((all.low.x + all.high.x - size.x) / 2),
                   std::floor((all.low.y + all.high.y - size.y) / 2)};
  return {low, {low.x + size.x, low.y + size.y}};
}

Area canvas(float width, float height) {
  const ImVec2 low = ImGui::GetCursorScreenPos(), room = ImGui::GetContentRegionAvail();
  const Area area{low,
                  {low.x + std::max(1.0f, width > 0 ? width : room.x),
                   low.y + std::max(1.0f, height > 0 ? height : room.y)}};
  ImGui::GetWindowDrawList()->AddRectFilled(area.low, area.high, palette().canvas, ui::scaled(4));
  return area;
}

void show(Pictures& pictures, const Shown& shown, const Area& area, float from, float to) {
  if (!shown.image || to <= from) return;
  const bool sharp =
      !shown.preview && std::max(shown.image->width, shown.image->height) <= small_side;
  ImGui::GetWindowDrawList()->AddImage(
      pictures.id(shown, sharp), {area.low.x + from * area.width(), area.low.y},
      {area.low.x + to * area.width(), area.high.y}, {from, 0}, {to, 1});
}

void caption(const Area& area, const char* text) {
  const ImVec2 pad{ui::scaled(8), ui::scaled(4)}, size = ImGui::CalcTextSize(text);
  const ImVec2 low{area.low.x + ui::scaled(8), area.high.y - size.y - 2 * pad.y - ui::scaled(8)};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 high{std::min(area.high.x, low.x + size.x + 2 * pad.x), low.y + size.y + 2 * pad.y};
  list.AddRectFilled(low, high, IM_COL32(0, 0, 0, 170), ui::scaled(4));
  list.PushClipRect(low, high, true);
  list.AddText({low.x + pad.x, low.y + pad.y}, IM_COL32(255, 255, 255, 255), text);
  list.PopClipRect();
}

void placeholder(const Area& area, const char* text) {
  const float wrap = std::max(ui::scaled(80), area.width() - ui::scaled(32));
  const ImVec2 size = ImGui::CalcTextSize(text, nullptr, false, wrap);
  const ImVec2 at{(area.low.x + area.high.x - size.x) / 2, (area.low.y + area.high.y - size.y) / 2};
  ImGui::GetWindowDrawList()->AddText(nullptr, 0, at, ImGui::ColorConvertFloat4ToU32(palette().dim),
                                      text, nullptr, wrap);
}

}  // namespace lacuna::viewer
