// How the window looks: a legible font at the monitor's scale, a dark and a light palette.
#pragma once

#include <imgui.h>

namespace lacuna::viewer {

// Fonts of that scale into ImGui's atlas, with `finer` times as many pixels as they take up.
void load_fonts(float scale, float finer);
void apply_theme(bool dark, float scale);

// Colours that ImGui's style has no name for, of the palette in use.
struct Palette {
  ImVec4 dim, good, bad, accent, accent_text;
  ImU32 canvas, grid, curve, curve_pale;
};
const Palette& palette();

// The font for log lines and commands.
ImFont* mono_font();

}  // namespace lacuna::viewer
