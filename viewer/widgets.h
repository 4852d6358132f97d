// Widgets as the panels use them: labels above, explanations on hover, and a name for each, by
// which a script finds where it lies on the screen.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lacuna::viewer {

// Where named widgets were in the last frame. Nothing is recorded while nobody asks for it.
class WidgetMap {
 public:
  struct Spot {
    ImVec2 low, high;
    bool enabled = true;
  };
  bool recording = false;
  std::string reveal;  // the widget to scroll to, as a user does who looks for it
  void begin_frame();
  void add(std::string_view name, ImVec2 low, ImVec2 high, bool enabled);
  // Empty if the widget was not on the screen.
  std::optional<Spot> find(const std::string& name) const;

 private:
  std::map<std::string, Spot, std::less<>> last_, now_;
};
WidgetMap& widget_map();

namespace ui {

// The item that was just made is called that.
void mark(std::string_view name);
// A part of the window that is no item, such as an image.
void mark(std::string_view name, ImVec2 low, ImVec2 high);

// A text above the next widget, which fills the line or `width` of it.
void label(const char* text, const char* explanation = nullptr, float width = -1);
void explain(const char* text);  // shown when the mouse rests on the last item
void progress(const char* name, float share);
void heading(const char* text);
void dim(const char* text);  // wrapped, quiet
void message(const char* text, bool bad);
float scaled(float pixels);  // of the design, at this monitor's scale

// A frame is due so soon even if nothing happens; the least of what was asked for, once.
void want_frame_in(double seconds);
double take_wanted_frame();

// The name is that of `mark`; `shown` stands on the button.
bool button(const char* name, const char* shown = nullptr, ImVec2 size = {0, 0});
bool main_button(const char* name, const char* shown = nullptr, ImVec2 size = {0, 0});
bool toggle(const char* name, bool on, const char* shown = nullptr, ImVec2 size = {0, 0});
bool checkbox(const char* name, bool& value);
// Without their own label: write one above.
bool text(const char* name, std::string& value, const char* hint = "");
bool long_text(const char* name, std::string& value, float lines);
bool whole(const char* name, int64_t& value, int64_t low, int64_t high);
bool whole(const char* name, int& value, int low, int high);
bool seed(const char* name, uint64_t& value);
bool real(const char* name, float& value, float low, float high, const char* format);
bool slider(const char* name, float& value, float low, float high, const char* format);
bool choice(const char* name, std::string& value, std::span<const std::string_view> all);

// What follows cannot be used while this lives.
class Disabled {
 public:
  explicit Disabled(bool disabled) : disabled_(disabled) {
    if (disabled_) ImGui::BeginDisabled();
  }
  ~Disabled() {
    if (disabled_) ImGui::EndDisabled();
  }
  Disabled(const Disabled&) = delete;

 private:
  bool disabled_;
};

}  // namespace ui
}  // namespace lacuna::viewer
