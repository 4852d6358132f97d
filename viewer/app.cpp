#include "viewer/app.h"

#include <GLFW/glfw3.h>
#include <backends/imgui_impl_glfw.h>
#include <fmt/format.h>

#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/model_options.h"
#include "viewer/panels/path_field.h"
#include "viewer/platform/input.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

// What happened shows in the frame after it, and a popup needs one more.
constexpr int frames_after_an_event = 3;
constexpr double longest_sleep = 30;

}  // namespace

App::App(const AppOptions& options, Window& window, Screen& screen, Device& compute,
         Settings& settings, std::optional<Script> script)
    : window_(window),
      screen_(screen),
      settings_(settings),
      worker_(compute, screen.renderer().vulkan().device == vulkan_handles(compute).device,
              options.precision, utf8_path(options.gallery), Window::wake),
      gallery_(utf8_path(options.gallery), Window::wake),
      pictures_(screen.renderer()),
      context_{window, worker_, gallery_, pictures_, settings, options.device, options.precision},
      script_(std::move(script)) {
  start_model(options);
  for (const std::string& argument : options.edits) {
    const Edit edit = Edit::parse(argument);
    context_.edits.push_back({edit.path(), edit.strength(), true});
  }
}

void App::start_model(const AppOptions& options) {
  ModelOptions model;
  model.model = !options.model.empty() ? options.model : settings_.model;
  try {
    context_.open_model(model.model_path());
  } catch (const Error& e) {
    worker_.change([&](Snapshot& s) { s.model.error = e.what(); });
  }
}

void App::run() {
  int due = frames_after_an_event;
  while (!window_.wants_to_close()) {
    const bool playing = script_ && script_->running();
    double sleep = std::min(next_, longest_sleep);
    if (playing) sleep = std::min(sleep, script_->waits() ? 0.03 : 0.001);
    if (due > 0) sleep = 0;
    const double begin = wall_seconds();
    window_.wait(sleep);
    const bool woken = sleep > 0 && wall_seconds() - begin < sleep * 0.98;
    if (worker_.read(context_.now) || woken || playing) due = frames_after_an_event;
    if (sleep > 0 && sleep == next_) due = std::max(due, 1);  // it is time
    if (due == 0) continue;
    due--;
    frame();
    next_ = ui::take_wanted_frame();
  }
  settings_.window = window_.place();
}

void App::frame() {
  if (window_.fit_scale()) screen_.renderer().make_fonts();
  ImGui_ImplGlfw_NewFrame();
  if (script_) script_->play(window_, context_.now, pictures_);
  widget_map().begin_frame();
  ImGui::NewFrame();
  accept_drops();
  keys();
  const ImGuiViewport& port = *ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(port.Pos);
  ImGui::SetNextWindowSize(port.Size);
  ImGui::Begin("lacuna", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoScrollWithMouse);
  top_bar();
  body();
  if (shows_strip()) strip();
  foot();
  help();
  // Dialogs come last, and in every frame: Dear ImGui 1.86 gives up where a tooltip or a window
  // appears after a dialog in the frame that opens it, or beside one that is open and not drawn.
  sample_.save_chosen(context_);
  if (!model_dialog()) context_.browser.draw();
  ImGui::End();
  ImGui::Render();
  pictures_.end_frame();
  const std::filesystem::path file = script_ ? script_->take_screenshot() : "";
  std::optional<Image> copy;
  const bool drawn =
      screen_.draw(*ImGui::GetDrawData(), window_.background(), file.empty() ? nullptr : &copy);
  if (file.empty()) return;
  if (!drawn || !copy)
    throw DeviceError("[script] the window gave no picture for {}", display(file));
  if (file.has_parent_path()) make_folder(file.parent_path());
  write_file(file, encode_png(*copy), Overwrite::yes);
}

void App::top_bar() {
  const struct {
    Tab tab;
    const char* name;
    const char* about;
  } tabs[] = {{Tab::sample, "Sample", "Draw pictures (Ctrl+1)"},
              {Tab::compare, "Compare", "The original beside the edited (Ctrl+2)"},
              {Tab::erase, "Erase", "Make an edit (Ctrl+3)"},
              {Tab::inspect, "Inspect", "What edits change; device and memory (Ctrl+4)"}};
  for (const auto& t : tabs) {
    if (ui::toggle(t.name, context_.tab == t.tab)) context_.tab = t.tab;
    ui::explain(t.about);
    ImGui::SameLine();
  }
  const ModelState& m = context_.now.model;
  const std::string model = m.loading ? m.name + " ..." : !m.error.empty() ? "no model" : m.name;
  const ImGuiStyle& style = ImGui::GetStyle();
  const char* theme = settings_.dark ? "Light" : "Dark";
  const auto width = [&](const std::string& text) {
    return ImGui::CalcTextSize(text.c_str()).x + 2 * style.FramePadding.x + style.ItemSpacing.x;
  };
  const float right = width("Model: " + model) + width(theme) + width("Help");
  ImGui::SameLine(
      std::max(ImGui::GetCursorPosX(), ImGui::GetWindowWidth() - style.WindowPadding.x - right));
  if (ui::button("Model", ("Model: " + model).c_str())) model_asked_ = true;
  ui::explain((display(m.folder) + "\nChoose another (Ctrl+O)").c_str());
  ImGui::SameLine();
  if (ui::button("Theme", theme)) {
    settings_.dark = !settings_.dark;
    window_.use_theme(settings_.dark);
  }
  ui::explain("Dark or light (Ctrl+D)");
  ImGui::SameLine();
  if (ui::button("Help")) help_ = !help_;
  ui::explain("Keys (F1)");
  ImGui::Separator();
}

void App::body() {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float below = ImGui::GetTextLineHeightWithSpacing() + style.ItemSpacing.y +
                      (shows_strip() ? ui::scaled(92) + style.ItemSpacing.y : 0);
  const float height = std::max(ui::scaled(80), ImGui::GetContentRegionAvail().y - below);
  const float left = std::min(ui::scaled(330), ImGui::GetContentRegionAvail().x * 0.45f);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ui::mark("Controls", corner, {corner.x + left, corner.y + height});
  ImGui::BeginChild("controls", {left, height});
  switch (context_.tab) {
    case Tab::sample:
      sample_.controls(context_);
      break;
    case Tab::compare:
      compare_.controls(context_);
      break;
    case Tab::erase:
      erase_.controls(context_);
      break;
    case Tab::inspect:
      inspect_.controls(context_);
  }
  ImGui::EndChild();
  ImGui::SameLine();
  ImGui::BeginChild("view", {0, height}, false, ImGuiWindowFlags_NoScrollWithMouse);
  const ModelState& m = context_.now.model;
  if (!m.error.empty()) {
    ui::heading("The model cannot be used");
    ui::message(m.error.c_str(), true);
    if (ui::main_button("Choose another model")) model_asked_ = true;
  } else {
    switch (context_.tab) {
      case Tab::sample:
        sample_.view(context_);
        break;
      case Tab::compare:
        compare_.view(context_, screen_.renderer());
        break;
      case Tab::erase:
        erase_.view(context_);
        break;
      case Tab::inspect:
        inspect_.view(context_);
    }
  }
  ImGui::EndChild();
}

void App::strip() {
  if (context_.now.draw.file != last_drawn_) {
    last_drawn_ = context_.now.draw.file;
    gallery_.add(last_drawn_);
  }
  const float side = ui::scaled(76);
  ImGui::BeginChild("gallery", {0, ui::scaled(92)}, false, ImGuiWindowFlags_HorizontalScrollbar);
  const std::vector<GalleryEntry> entries = gallery_.entries();
  if (entries.empty())
    ui::dim(fmt::format("Pictures that you draw are kept in {} and appear here.",
                        display(gallery_.folder()))
                .c_str());
  int i = 0;
  for (const GalleryEntry& e : entries) {
    if (i > 0) ImGui::SameLine();
    ImGui::PushID(i++);
    const float shape = static_cast<float>(e.small->width) / static_cast<float>(e.small->height);
    const ImVec2 size{shape >= 1 ? side : side * shape, shape >= 1 ? side / shape : side};
    const ImVec2 at = ImGui::GetCursorScreenPos();
    if (ImGui::InvisibleButton("picture", size)) gallery_.open(e.file);
    ui::mark(fmt::format("Picture {}", i));
    if (ImGui::IsItemVisible()) {
      const Area area{at, {at.x + size.x, at.y + size.y}};
      show(pictures_, {e.small, false}, area);
      const bool in_view = context_.opened && context_.opened->file == e.file;
      if (in_view || ImGui::IsItemHovered())
        ImGui::GetWindowDrawList()->AddRect(area.low, area.high,
                                            ImGui::ColorConvertFloat4ToU32(palette().accent), 0, 0,
                                            ui::scaled(2));
    }
    ui::explain((display(e.file) + "\nClick: look at it and take up its settings").c_str());
    ImGui::PopID();
  }
  ImGui::EndChild();
}

void App::foot() {
  const Snapshot& s = context_.now;
  std::string text = context_.notice;
  if (text.empty() && s.model.ready)
    text = fmt::format("{} in {} on {}", s.model.name, s.model.precision, s.device);
  if (text.empty()) text = s.device;
  ImGui::TextColored(context_.notice_bad ? palette().bad : palette().dim, "%s", text.c_str());
  ui::explain(text.c_str());
}

void App::keys() {
  if (pressed("ctrl+q")) window_.close();
  if (ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup)) return;  // they are meant for it
  keep_ctrl_enter();
  if (pressed("f1")) help_ = !help_;
  if (pressed("escape")) worker_.cancel();
  constexpr const char* tabs[] = {"ctrl+1", "ctrl+2", "ctrl+3", "ctrl+4"};
  for (int i = 0; i < 4; i++)
    if (pressed(tabs[i])) context_.tab = static_cast<Tab>(i);
  if (pressed("ctrl+enter")) {
    if (context_.tab == Tab::compare) compare_.draw(context_);
    if (context_.tab == Tab::sample) context_.draw(false, {});
    if (context_.tab == Tab::erase) erase_.start(context_);
  }
  if (pressed("ctrl+p")) erase_.pause(context_);
  if (pressed("ctrl+r")) settings_.form.seed = context_.dice() >> 32;
  if (pressed("ctrl+l")) settings_.form.seed_locked = !settings_.form.seed_locked;
  const bool compares = context_.tab == Tab::compare;
  if (pressed("ctrl+s")) compares ? compare_.save(context_) : sample_.ask_where_to_save(context_);
  if (pressed("ctrl+shift+c")) compares ? compare_.copy(context_) : sample_.copy_picture(context_);
  if (pressed("ctrl+o")) model_asked_ = true;
  if (pressed("ctrl+d")) {
    settings_.dark = !settings_.dark;
    window_.use_theme(settings_.dark);
  }
}

void App::accept_drops() {
  for (const std::filesystem::path& path : window_.take_dropped()) {
    std::error_code ignored;
    if (context_.browser.is_open())
      context_.browser.go(path);
    else if (std::filesystem::is_directory(path, ignored) || is_checkpoint(path))
      context_.open_model(path);
    else if (lower_ascii(display(path.extension())) == ".safetensors")
      context_.add_edit(path);
    else if (has_picture_ending(path))
      gallery_.open(path);
    else
      context_.say(display(path.filename()) +
                       " is nothing to drop here: models are folders or .safetensors, edits "
                       ".safetensors, pictures .png",
                   true);
  }
  if (const std::optional<OpenedPicture> picture = gallery_.opened()) {
    context_.take(*picture);
    if (context_.opened && context_.tab != Tab::compare) context_.tab = Tab::sample;
  }
}

// Whether it is open; it then draws the file browser, which may lie above it.
bool App::model_dialog() {
  if (model_asked_) {
    model_path_ = display(context_.now.model.folder);
    ImGui::OpenPopup("Open a model");
  }
  model_asked_ = false;
  ImGui::SetNextWindowSize({ui::scaled(560), 0});
  if (!ImGui::BeginPopupModal("Open a model", nullptr, ImGuiWindowFlags_NoResize)) return false;
  ui::dim(
      "A Stable Diffusion 1.x model: a diffusers folder with safetensors, or a single .safetensors "
      "file. It can also be dropped on the window.");
  ui::label("Folder or file");
  std::string chosen;
  if (path_field(context_, "Model", model_path_, "",
                 {"Choose a model", Choose::file_or_folder, FileKind::models}))
    chosen = model_path_;
  if (ui::main_button("Open")) chosen = model_path_;
  ImGui::SameLine();
  if (ui::button("Use pico", "Use pico, the embedded model")) chosen = "pico";
  ImGui::SameLine();
  if (ui::button("Keep", "Cancel") || (pressed("escape") && !context_.browser.is_open()))
    ImGui::CloseCurrentPopup();
  if (settings_.recent_models.size() > 1) ui::heading("Used before");
  for (const std::string& recent : settings_.recent_models)
    if (ImGui::Selectable(recent.c_str(), false, ImGuiSelectableFlags_DontClosePopups))
      chosen = recent;
  if (!chosen.empty()) {
    try {
      ModelOptions model;
      model.model = chosen;
      context_.open_model(model.model_path());
      ImGui::CloseCurrentPopup();
    } catch (const Error& e) { context_.say(e.what(), true); }
  }
  context_.browser.draw();
  ImGui::EndPopup();
  return true;
}

void App::help() {
  if (!help_) return;
  constexpr std::pair<const char*, const char*> keys[] = {
      {"Ctrl+1 to 4", "Sample, Compare, Erase, Inspect"},
      {"Ctrl+Enter", "Draw, compare or start a run"},
      {"Esc", "Cancel the drawing"},
      {"Ctrl+P", "Pause the run, or go on"},
      {"Ctrl+R", "Another seed"},
      {"Ctrl+L", "Lock or free the seed"},
      {"Ctrl+S", "Save a copy of the picture, or both"},
      {"Ctrl+Shift+C", "Copy the picture, or both"},
      {"Ctrl+O", "Open a model"},
      {"Ctrl+D", "Dark or light"},
      {"F1", "This list"},
      {"Ctrl+Q", "Quit; what computes is stopped, a run's state is saved"}};
  ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Appearing, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({ui::scaled(420), 0});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  if (ImGui::Begin("Keys", &help_,
                   ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings |
                       ImGuiWindowFlags_NoResize)) {
    if (ImGui::BeginTable("keys", 2)) {
      ImGui::TableSetupColumn("", ImGuiTableColumnFlags_WidthFixed, ui::scaled(110));
      for (const auto& [key, about] : keys) {
        ImGui::TableNextColumn();
        ImGui::TextColored(palette().accent, "%s", key);
        ImGui::TableNextColumn();
        ImGui::TextWrapped("%s", about);
      }
      ImGui::EndTable();
    }
    ui::dim("Models (folders or single files), edits and pictures can be dropped on the window.");
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace lacuna::viewer
