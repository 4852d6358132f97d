// Keys by name, as scripts and shortcuts use them, over ImGui's two ways to know keys (since 1.87
// they have names and arrive as events).
#pragma once

#include <imgui.h>

#include <optional>
#include <string>

namespace lacuna::viewer {

struct Chord {
  bool ctrl = false, shift = false, alt = false;
  int key = 0;  // as this version of ImGui numbers keys
};

// "ctrl+enter", "f1", "a"; empty for other words.
std::optional<Chord> parse_chord(const std::string& text);
// Whether the keys were just pressed by the user.
bool pressed(const char* chord);
// Keeps Ctrl+Enter from the widget that has the focus: since ImGui 1.87 Enter presses it, so that
// Ctrl+Enter after Tab would also count a number down. Called after ImGui::NewFrame().
void keep_ctrl_enter();
// Presses or releases them as a keyboard does.
void press(const Chord& chord, bool down);
// The place and the left button of the mouse.
void set_mouse(ImVec2 at, bool down);
void scroll(float lines);

}  // namespace lacuna::viewer
