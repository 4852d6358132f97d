#include "viewer/panels/sample_panel.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "viewer/panels/path_field.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

constexpr ImGuiID save_id = 1;  // in the file browser; fields have hashes

// The file of the picture in view; empty while there is none.
std::filesystem::path file_in_view(const Context& c) {
  return c.opened ? c.opened->file : c.now.draw.running ? "" : c.now.draw.file;
}

// The file itself where it is a PNG, with all that it says.
std::vector<std::byte> png_of(const std::filesystem::path& file) {
  const std::string content = read_picture(file);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
  if (!is_png(bytes)) return encode_png(decode_image(bytes, display(file)));
  return {bytes.begin(), bytes.end()};
}

void copy_path(const std::filesystem::path& file) {
  std::error_code ignored;
  ImGui::SetClipboardText(display(std::filesystem::absolute(file, ignored)).c_str());
}

}  // namespace

void SamplePanel::controls(Context& c) {
  form_fields(c);
  if (!c.edits.empty()) {
    ui::heading("Edits");
    edit_fields(c);
  }
  ImGui::Dummy({0, ui::scaled(2)});
  draw_controls(c, "Draw", "Draw the picture (Ctrl+Enter)", false, {});
}

void SamplePanel::view(Context& c) {
  const float foot = ImGui::GetFrameHeightWithSpacing();
  const Area all = canvas(0, ImGui::GetContentRegionAvail().y - foot);
  const Shown shown = c.opened ? Shown{c.opened->image, false} : c.now.draw.edited;
  if (shown.image) {
    // A preview takes up the place of the picture that it becomes.
    const int factor = shown.preview ? static_cast<int>(c.now.model.factor) : 1;
    const Area area = fitted(all, shown.image->width * factor, shown.image->height * factor);
    show(c.pictures, shown, area);
    ui::mark("Picture", area.low, area.high);
  } else {
    placeholder(all, c.now.model.loading ? "The model is being read ..."
                     : c.now.model.ready ? "Type a prompt and press Draw, or Ctrl+Enter.\nPictures "
                                           "can be dropped here to take up their settings."
                                         : "");
  }
  ImGui::Dummy({all.width(), all.height()});
  const std::filesystem::path file = file_in_view(c);
  if (!file.empty()) {
    if (ui::button("Save as", "Save as ...")) ask_where_to_save(c);
    ui::explain("A copy of the file elsewhere (Ctrl+S)");
    ImGui::SameLine();
    if (ui::button("Copy picture")) copy_picture(c);
    ui::explain("To paste it elsewhere, with its settings (Ctrl+Shift+C)");
    ImGui::SameLine();
    if (ui::button("Copy settings")) copy_settings(c);
    ui::explain("The text that the PNG carries, as other programs read it");
    ImGui::SameLine();
    if (ui::button("Copy path")) {
      copy_path(file);
      c.say("the file's path is in the clipboard");
    }
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    ImGui::TextColored(palette().dim, "%s", display(file).c_str());
    ui::mark("File " + display(file.filename()));
  }
}

void SamplePanel::ask_where_to_save(Context& c) {
  saved_ = file_in_view(c);
  if (saved_.empty()) return;
  const std::filesystem::path name = saved_.filename().replace_extension(".png");
  browse(c, save_id, {"Save a copy of the image", Choose::save, FileKind::images, name, ".png"});
}

void SamplePanel::copy_picture(Context& c) {
  const std::filesystem::path file = file_in_view(c);
  if (file.empty()) return;
  try {
    if (c.copy(png_of(file))) {
      c.say("the picture is in the clipboard");
      return;
    }
    copy_path(file);
    c.say("the system's clipboard took no picture; it has the file's path instead");
  } catch (const Error& e) { c.say(e.what(), true); }
}

void SamplePanel::copy_settings(Context& c) {
  const std::string& text = c.opened ? c.opened->text : c.now.draw.parameters;
  if (text.empty()) return c.say("this picture carries no settings; nothing was copied", true);
  ImGui::SetClipboardText(text.c_str());
  c.say("the picture's settings are in the clipboard");
}

void SamplePanel::save_chosen(Context& c) {
  const std::optional<Browse::Chosen> to = c.browser.take(save_id);
  if (!to) return;
  try {
    if (to->path.has_parent_path()) make_folder(to->path.parent_path());
    write_file(to->path, png_of(saved_), to->replace ? Overwrite::yes : Overwrite::no);
    c.say("saved as " + display(to->path));
  } catch (const std::exception& e) { c.say(e.what(), true); }
}

}  // namespace lacuna::viewer
