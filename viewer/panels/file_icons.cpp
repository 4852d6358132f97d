#include "viewer/panels/file_icons.h"

#include "viewer/theme.h"

namespace lacuna::viewer {

float file_icon_width() { return ImGui::GetTextLineHeight() * 1.45f; }

void file_icon(FileIcon icon) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float side = ImGui::GetTextLineHeight();
  const auto point = [&](float x, float y) { return ImVec2{at.x + x * side, at.y + y * side}; };
  const ImU32 dim = ImGui::ColorConvertFloat4ToU32(palette().dim);
  const ImU32 accent = ImGui::ColorConvertFloat4ToU32(palette().accent);
  if (icon == FileIcon::file) {
    const ImVec2 sheet[] = {point(0.22f, 0.1f), point(0.58f, 0.1f), point(0.82f, 0.34f),
                            point(0.82f, 0.92f), point(0.22f, 0.92f)};
    list.AddPolyline(sheet, 5, dim, ImDrawFlags_Closed, side / 14);
  } else {
    const ImU32 colour = icon == FileIcon::model ? accent : dim;
    list.AddRectFilled(point(0.05f, 0.15f), point(0.5f, 0.5f), colour, side / 10);
    list.AddRectFilled(point(0.05f, 0.27f), point(1, 0.87f), colour, side / 10);
  }
  ImGui::Dummy({side, side});
  ImGui::SameLine(0, file_icon_width() - side);
}

}  // namespace lacuna::viewer
