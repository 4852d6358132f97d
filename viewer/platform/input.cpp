#include "viewer/platform/input.h"

#include <GLFW/glfw3.h>
#include <imgui_internal.h>

#include <utility>

namespace lacuna::viewer {
namespace {

#if IMGUI_VERSION_NUM >= 18700
#define LACUNA_KEY(glfw, imgui) imgui
#else
#define LACUNA_KEY(glfw, imgui) glfw
#endif

constexpr int enter = LACUNA_KEY(GLFW_KEY_ENTER, ImGuiKey_Enter),
              keypad_enter = LACUNA_KEY(GLFW_KEY_KP_ENTER, ImGuiKey_KeypadEnter);

constexpr std::pair<const char*, int> named_keys[] = {
    {"enter", enter},
    {"escape", LACUNA_KEY(GLFW_KEY_ESCAPE, ImGuiKey_Escape)},
    {"tab", LACUNA_KEY(GLFW_KEY_TAB, ImGuiKey_Tab)},
    {"space", LACUNA_KEY(GLFW_KEY_SPACE, ImGuiKey_Space)},
    {"delete", LACUNA_KEY(GLFW_KEY_DELETE, ImGuiKey_Delete)},
    {"backspace", LACUNA_KEY(GLFW_KEY_BACKSPACE, ImGuiKey_Backspace)},
    {"left", LACUNA_KEY(GLFW_KEY_LEFT, ImGuiKey_LeftArrow)},
    {"right", LACUNA_KEY(GLFW_KEY_RIGHT, ImGuiKey_RightArrow)},
    {"up", LACUNA_KEY(GLFW_KEY_UP, ImGuiKey_UpArrow)},
    {"down", LACUNA_KEY(GLFW_KEY_DOWN, ImGuiKey_DownArrow)},
    {"pageup", LACUNA_KEY(GLFW_KEY_PAGE_UP, ImGuiKey_PageUp)},
    {"pagedown", LACUNA_KEY(GLFW_KEY_PAGE_DOWN, ImGuiKey_PageDown)},
    {"home", LACUNA_KEY(GLFW_KEY_HOME, ImGuiKey_Home)},
    {"end", LACUNA_KEY(GLFW_KEY_END, ImGuiKey_End)},
    {"comma", LACUNA_KEY(GLFW_KEY_COMMA, ImGuiKey_Comma)},
};

bool ctrl_is_down() { return ImGui::GetIO().KeyCtrl || ImGui::GetIO().KeySuper; }

bool is_down(int key) { return ImGui::IsKeyDown(static_cast<ImGuiKey>(key)); }

bool was_pressed(int key) { return ImGui::IsKeyPressed(static_cast<ImGuiKey>(key), false); }

std::optional<int> key_of(const std::string& name) {
  for (const auto& [known, key] : named_keys)
    if (name == known) return key;
  if (name.size() == 1 && name[0] >= 'a' && name[0] <= 'z')
    return LACUNA_KEY(GLFW_KEY_A, ImGuiKey_A) + (name[0] - 'a');
  if (name.size() == 1 && name[0] >= '0' && name[0] <= '9')
    return LACUNA_KEY(GLFW_KEY_0, ImGuiKey_0) + (name[0] - '0');
  if (name.size() == 2 && name[0] == 'f' && name[1] >= '1' && name[1] <= '9')
    return LACUNA_KEY(GLFW_KEY_F1, ImGuiKey_F1) + (name[1] - '1');
  return {};
}

}  // namespace

std::optional<Chord> parse_chord(const std::string& text) {
  Chord chord;
  for (size_t begin = 0;;) {
    const size_t plus = text.find('+', begin);
    const std::string part = text.substr(begin, plus - begin);
    if (plus == std::string::npos) {
      const std::optional<int> key = key_of(part);
      if (!key) return {};
      chord.key = *key;
      return chord;
    }
    if (part == "ctrl")
      chord.ctrl = true;
    else if (part == "shift")
      chord.shift = true;
    else if (part == "alt")
      chord.alt = true;
    else
      return {};
    begin = plus + 1;
  }
}

bool pressed(const char* text) {
  const std::optional<Chord> chord = parse_chord(text);
  const ImGuiIO& io = ImGui::GetIO();
  return chord && ctrl_is_down() == chord->ctrl && io.KeyShift == chord->shift &&
         io.KeyAlt == chord->alt &&
         (was_pressed(chord->key) || (chord->key == enter && was_pressed(keypad_enter)));
}

void keep_ctrl_enter() {
  if (!ctrl_is_down() || (!is_down(enter) && !is_down(keypad_enter))) return;
  ImGuiContext& g = *GImGui;
  g.NavActivateId = g.NavActivateDownId = g.NavActivatePressedId = 0;
}

#if IMGUI_VERSION_NUM >= 18700

void press(const Chord& chord, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  if (chord.ctrl) io.AddKeyEvent(ImGuiMod_Ctrl, down);
  if (chord.shift) io.AddKeyEvent(ImGuiMod_Shift, down);
  if (chord.alt) io.AddKeyEvent(ImGuiMod_Alt, down);
  io.AddKeyEvent(static_cast<ImGuiKey>(chord.key), down);
}

void set_mouse(ImVec2 at, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  io.AddMousePosEvent(at.x, at.y);
  io.AddMouseButtonEvent(0, down);
}

void scroll(float lines) { ImGui::GetIO().AddMouseWheelEvent(0, -lines); }

#else

void press(const Chord& chord, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  io.KeyCtrl = chord.ctrl && down;
  io.KeyShift = chord.shift && down;
  io.KeyAlt = chord.alt && down;
  io.KeysDown[chord.key] = down;
}

void set_mouse(ImVec2 at, bool down) {
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = at;
  io.MouseDown[0] = down;
}

void scroll(float lines) { ImGui::GetIO().MouseWheel -= lines; }

#endif

}  // namespace lacuna::viewer
