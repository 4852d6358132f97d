#include "viewer/widgets.h"

#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "viewer/theme.h"

namespace lacuna::viewer {

void WidgetMap::begin_frame() {
  if (!recording) return;
  last_ = std::move(now_);
  now_.clear();
}

void WidgetMap::add(std::string_view name, ImVec2 low, ImVec2 high, bool enabled) {
  if (recording) now_.insert_or_assign(std::string(name), Spot{low, high, enabled});
}

std::optional<WidgetMap::Spot> WidgetMap::find(const std::string& name) const {
  const auto found = last_.find(name);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

WidgetMap& widget_map() {
  static WidgetMap map;
  return map;
}

namespace ui {
namespace {

// Explanations come when the mouse rests on one thing for so long.
constexpr double tooltip_delay = 0.5;
struct {
  ImVec2 low{-1, -1};
  double since = 0;
} hovered;
double wanted = INFINITY;

// ImGui's own label stays hidden.
std::string hidden(const char* name) { return std::string("##") + name; }

}  // namespace

void mark(std::string_view name) {
  if (!widget_map().recording) return;
  if (widget_map().reveal == name) ImGui::SetScrollHereY();
  if (!ImGui::IsItemVisible()) return;
  const bool enabled = (GImGui->CurrentItemFlags & ImGuiItemFlags_Disabled) == 0;
  widget_map().add(name, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), enabled);
}

void mark(std::string_view name, ImVec2 low, ImVec2 high) {
  widget_map().add(name, low, high, true);
}

float scaled(float pixels) { return pixels * ImGui::GetFontSize() / 15; }

void label(const char* text, const char* explanation, float width) {
  // In a table the first column's widgets would push it down.
  ImGui::GetCurrentWindow()->DC.CurrLineTextBaseOffset = 0;
  ImGui::TextColored(palette().dim, "%s", text);
  if (explanation) explain(explanation);
  ImGui::SetNextItemWidth(width);
}

void explain(const char* text) {
  if (!text || !*text || !ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
  const ImVec2 low = ImGui::GetItemRectMin();
  const double now = ImGui::GetTime();
  const bool moved = low.x != hovered.low.x || low.y != hovered.low.y;
  if (moved || ImGui::IsAnyMouseDown()) hovered = {low, now};
  if (now - hovered.since < tooltip_delay) {
    want_frame_in(tooltip_delay - (now - hovered.since));
    return;
  }
  ImGui::BeginTooltip();
  ImGui::PushTextWrapPos(scaled(360));
  ImGui::TextUnformatted(text);
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void want_frame_in(double seconds) { wanted = std::min(wanted, seconds); }

double take_wanted_frame() { return std::exchange(wanted, INFINITY); }

void progress(const char* name, float share) {
  ImGui::ProgressBar(std::clamp(share, 0.0f, 1.0f), {-1, scaled(8)}, "");
  mark(name);
}

void heading(const char* text) {
  ImGui::Dummy({0, scaled(2)});
  ImGui::TextUnformatted(text);
  ImGui::Separator();
}

void dim(const char* text) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().dim);
  ImGui::TextWrapped("%s", text);
  ImGui::PopStyleColor();
}

void message(const char* text, bool bad) {
  ImGui::PushStyleColor(ImGuiCol_Text, bad ? palette().bad : palette().good);
  ImGui::TextWrapped("%s", text);
  ImGui::PopStyleColor();
}

bool button(const char* name, const char* shown, ImVec2 size) {
  ImGui::PushID(name);
  const bool pressed = ImGui::Button(shown ? shown : name, size);
  ImGui::PopID();
  mark(name);
  return pressed;
}

bool main_button(const char* name, const char* shown, ImVec2 size) {
  const ImVec4 accent = palette().accent;
  ImGui::PushStyleColor(ImGuiCol_Button, accent);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered,
                        ImGui::GetStyleColorVec4(ImGuiCol_SliderGrabActive));
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, accent);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().accent_text);
  const bool pressed = button(name, shown, size);
  ImGui::PopStyleColor(4);
  return pressed;
}

bool toggle(const char* name, bool on, const char* shown, ImVec2 size) {
  return on ? main_button(name, shown, size) : button(name, shown, size);
}

bool checkbox(const char* name, bool& value) {
  const bool changed = ImGui::Checkbox(name, &value);
  mark(name);
  return changed;
}

bool text(const char* name, std::string& value, const char* hint) {
  const bool changed = ImGui::InputTextWithHint(hidden(name).c_str(), hint, &value);
  mark(name);
  if (ImGui::CalcTextSize(value.c_str()).x > ImGui::GetItemRectSize().x) explain(value.c_str());
  return changed;
}

bool long_text(const char* name, std::string& value, float lines) {
  const float height = lines * ImGui::GetTextLineHeight() + 2 * ImGui::GetStyle().FramePadding.y;
  const bool changed = ImGui::InputTextMultiline(hidden(name).c_str(), &value, {0, height});
  mark(name);
  return changed;
}

bool whole(const char* name, int64_t& value, int64_t low, int64_t high) {
  const int64_t one = 1;
  const bool changed = ImGui::InputScalar(hidden(name).c_str(), ImGuiDataType_S64, &value, &one);
  mark(name);
  value = std::clamp(value, low, high);
  return changed;
}

bool whole(const char* name, int& value, int low, int high) {
  int64_t wide = value;
  const bool changed = whole(name, wide, low, high);
  value = static_cast<int>(wide);
  return changed;
}

bool seed(const char* name, uint64_t& value) {
  const bool changed = ImGui::InputScalar(hidden(name).c_str(), ImGuiDataType_U64, &value);
  mark(name);
  return changed;
}

bool real(const char* name, float& value, float low, float high, const char* format) {
  const bool changed = ImGui::InputFloat(hidden(name).c_str(), &value, 0.5f, 0, format);
  mark(name);
  if (!(value >= low)) value = low;  // NaN too
  value = std::min(value, high);
  return changed;
}

bool slider(const char* name, float& value, float low, float high, const char* format) {
  const bool changed = ImGui::SliderFloat(hidden(name).c_str(), &value, low, high, format,
                                          ImGuiSliderFlags_AlwaysClamp);
  mark(name);
  return changed;
}

bool choice(const char* name, std::string& value, std::span<const std::string_view> all) {
  bool changed = false;
  const bool open = ImGui::BeginCombo(hidden(name).c_str(), value.c_str());
  mark(name);
  if (!open) return false;
  for (const std::string_view entry : all) {
    const std::string text(entry);
    if (ImGui::Selectable(text.c_str(), text == value)) {
      value = text;
      changed = true;
    }
    mark(std::string(name) + "/" + text);
  }
  ImGui::EndCombo();
  return changed;
}

}  // namespace ui
}  // namespace lacuna::viewer
