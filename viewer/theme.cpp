#include "viewer/theme.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

Palette current;
ImFont* mono = nullptr;

// Where systems keep their fonts; the first that exists is taken.
std::vector<fs::path> candidates(bool fixed) {
  std::vector<fs::path> files;
  if (const char* windows = std::getenv("WINDIR"))
    files.push_back(fs::path(windows) / "Fonts" / (fixed ? "consola.ttf" : "segoeui.ttf"));
  for (const char* folder :
       {"/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu", "/usr/share/fonts/TTF",
        "/usr/local/share/fonts/dejavu", "/usr/share/fonts/dejavu-sans-fonts"})
    files.push_back(fs::path(folder) / (fixed ? "DejaVuSansMono.ttf" : "DejaVuSans.ttf"));
  files.emplace_back(fixed ? "/System/Library/Fonts/Menlo.ttc"
                           : "/System/Library/Fonts/Supplemental/Arial Unicode.ttf");
  return files;
}

ImFont* load(bool fixed, float pixels) {
  // Latin, Greek, Cyrillic, and the signs that the panels use.
  static const ImWchar ranges[] = {0x20,   0x17f,  0x370,  0x4ff,  0x2010, 0x2027, 0x2190, 0x21ff,
                                   0x2500, 0x266f, 0x2680, 0x2685, 0x2700, 0x27bf, 0};
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  ImFontConfig config;
  config.OversampleH = 2;
  for (const fs::path& file : candidates(fixed)) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    if (ImFont* font = atlas.AddFontFromFileTTF(file.string().c_str(), pixels, &config, ranges))
      return font;
  }
  ImFontConfig embedded;
  embedded.SizePixels = pixels;
  return atlas.AddFontDefault(&embedded);
}

ImVec4 rgb(unsigned hex, float alpha = 1) {
  return {static_cast<float>(hex >> 16 & 255) / 255, static_cast<float>(hex >> 8 & 255) / 255,
          static_cast<float>(hex & 255) / 255, alpha};
}

ImU32 packed(unsigned hex, float alpha = 1) {
  return ImGui::ColorConvertFloat4ToU32(rgb(hex, alpha));
}

// The colours of a palette from few: page, panel, control, text and accent.
struct Seeds {
  unsigned page, panel, control, hover, border, text, dim, accent, accent_hover, accent_text;
};

void colour(ImGuiStyle& style, const Seeds& s) {
  ImVec4* c = style.Colors;
  c[ImGuiCol_Text] = rgb(s.text);
  c[ImGuiCol_TextDisabled] = rgb(s.dim);
#if IMGUI_VERSION_NUM >= 19200
  c[ImGuiCol_InputTextCursor] = rgb(s.text);
#endif
  c[ImGuiCol_WindowBg] = rgb(s.page);
  c[ImGuiCol_ChildBg] = rgb(s.page, 0);
  c[ImGuiCol_PopupBg] = rgb(s.panel);
  c[ImGuiCol_Border] = c[ImGuiCol_Separator] = rgb(s.border);
  c[ImGuiCol_FrameBg] = rgb(s.control);
  c[ImGuiCol_FrameBgHovered] = c[ImGuiCol_FrameBgActive] = rgb(s.hover);
  c[ImGuiCol_TitleBg] = c[ImGuiCol_TitleBgActive] = c[ImGuiCol_MenuBarBg] = rgb(s.panel);
  c[ImGuiCol_ScrollbarBg] = rgb(s.page, 0);
  c[ImGuiCol_ScrollbarGrab] = rgb(s.border);
  c[ImGuiCol_ScrollbarGrabHovered] = c[ImGuiCol_ScrollbarGrabActive] = rgb(s.dim);
  c[ImGuiCol_CheckMark] = c[ImGuiCol_SliderGrab] = rgb(s.accent);
  c[ImGuiCol_SliderGrabActive] = rgb(s.accent_hover);
  c[ImGuiCol_Button] = rgb(s.control);
  c[ImGuiCol_ButtonHovered] = c[ImGuiCol_ButtonActive] = rgb(s.hover);
  c[ImGuiCol_Header] = rgb(s.control);
  c[ImGuiCol_HeaderHovered] = c[ImGuiCol_HeaderActive] = rgb(s.hover);
  c[ImGuiCol_SeparatorHovered] = c[ImGuiCol_SeparatorActive] = rgb(s.accent);
  c[ImGuiCol_Tab] = rgb(s.page);
  c[ImGuiCol_TabHovered] = rgb(s.hover);
  c[ImGuiCol_TabActive] = rgb(s.control);
  c[ImGuiCol_TabUnfocused] = rgb(s.page);
  c[ImGuiCol_TabUnfocusedActive] = rgb(s.control);
  c[ImGuiCol_PlotHistogram] = rgb(s.accent);
  c[ImGuiCol_TextSelectedBg] = rgb(s.accent, 0.35f);
  c[ImGuiCol_NavHighlight] = rgb(s.accent);
  c[ImGuiCol_ModalWindowDimBg] = rgb(0, 0.5f);
  c[ImGuiCol_TableHeaderBg] = rgb(s.control);
  c[ImGuiCol_TableBorderLight] = c[ImGuiCol_TableBorderStrong] = rgb(s.border);
}

}  // namespace

void load_fonts(float scale, float finer) {
  ImGuiIO& io = ImGui::GetIO();
  io.Fonts->Clear();
  const float pixels = static_cast<float>(static_cast<int>(15 * scale * finer + 0.5f));
  io.FontDefault = load(false, pixels);
  mono = load(true, static_cast<float>(static_cast<int>(13 * scale * finer + 0.5f)));
  io.FontGlobalScale = 1 / finer;
}

void apply_theme(bool dark, float scale) {
  ImGuiStyle& style = ImGui::GetStyle();
  style = ImGuiStyle();
  style.WindowRounding = 0;
  style.FrameRounding = style.GrabRounding = style.PopupRounding = style.TabRounding = 4;
  style.ChildRounding = style.ScrollbarRounding = 4;
  style.WindowBorderSize = 0;
  style.FramePadding = {8, 5};
  style.ItemSpacing = {8, 7};
  style.ItemInnerSpacing = {6, 4};
  style.WindowPadding = {12, 10};
  style.ScrollbarSize = 12;
  style.GrabMinSize = 12;
  style.ScaleAllSizes(scale);
  if (dark) {
    colour(style, {0x17191d, 0x1f2228, 0x2a2e36, 0x383e49, 0x3b414c, 0xe6e8ec, 0x9aa2af, 0x5aa9ff,
                   0x86c1ff, 0x0c1420});
    current = {rgb(0x9aa2af),    rgb(0x7fd38b),    rgb(0xff8a80),
               rgb(0x5aa9ff),    rgb(0x0c1420),    packed(0x101215),
               packed(0x333944), packed(0x5aa9ff), packed(0x5aa9ff, 0.35f)};
  } else {
    colour(style, {0xf7f8fa, 0xffffff, 0xe6e9ee, 0xd5dae2, 0xc3c9d3, 0x1b1f26, 0x5d6675, 0x1667c4,
                   0x0d4f9e, 0xffffff});
    current = {rgb(0x5d6675),    rgb(0x1d7a33),    rgb(0xb3261e),
               rgb(0x1667c4),    rgb(0xffffff),    packed(0xe9ecf1),
               packed(0xc9cfd9), packed(0x1667c4), packed(0x1667c4, 0.35f)};
  }
}

const Palette& palette() { return current; }
ImFont* mono_font() { return mono; }

}  // namespace lacuna::viewer
