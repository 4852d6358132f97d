// What stands below the list of files: filters, the name to save as, a sentence, the buttons.
#include <fmt/format.h>

#include <algorithm>

#include "viewer/files/names.h"
#include "viewer/panels/file_browser.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

float button_width(const char* text) {
  return ImGui::CalcTextSize(text).x + 2 * ImGui::GetStyle().FramePadding.x;
}

}  // namespace

void FileBrowser::filters() {
  const FileKind kind = browse_.request().kind;
  const bool chooses_kind = kind != FileKind::all && browse_.request().choose != Choose::folder;
  const float gap = ImGui::GetStyle().ItemSpacing.x;
  const float kinds = chooses_kind ? button_width(std::string(kind_name(kind)).c_str()) +
                                         ImGui::GetFrameHeight() + gap
                                   : 0;
  const float check = ImGui::GetFrameHeight() + ImGui::GetStyle().ItemInnerSpacing.x +
                      ImGui::CalcTextSize("Hidden files").x + gap;
  if (field(Field::filter, "Filter", "type to find a name", filter_,
            ImGui::GetContentRegionAvail().x - kinds - check) &&
      !ImGui::GetIO().KeyCtrl) {
    browse_.activate();
    focus_ = Field::filter;
  }
  browse_.filter(filter_);
  kinds_open_ = false;
  if (chooses_kind) {
    const std::string_view all[] = {kind_name(kind), kind_name(FileKind::all)};
    std::string now(all[browse_.only_kind() ? 0 : 1]);
    ImGui::SameLine();
    ImGui::SetNextItemWidth(kinds - gap);
    if (ui::choice("Kind", now, all)) browse_.only_kind(now == all[0]);
    kinds_open_ = ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId);
  }
  ImGui::SameLine();
  bool hidden = browse_.hidden_files();
  if (ui::checkbox("Hidden files", hidden)) {
    browse_.hidden_files(hidden);
    settings_.hidden = hidden;
  }
}

// The line above the buttons.
std::string FileBrowser::message() const {
  if (const std::filesystem::path& file = browse_.asks_to_replace(); !file.empty())
    return fmt::format("{} is there already. Replace it?", printable(name_text(file.filename())));
  if (naming_) return "Name of the new folder";
  if (!browse_.error().empty()) return browse_.error();
  return browse_.reading() ? "reading ..." : browse_.summary();
}

float FileBrowser::foot_height() const {
  const bool saves = browse_.request().choose == Choose::save;
  const float line = ImGui::GetFrameHeightWithSpacing();
  const float text =
      ImGui::CalcTextSize(message().c_str(), nullptr, false, ImGui::GetContentRegionAvail().x).y;
  return line * (saves ? 2 : 1) + (naming_ ? line : 0) + text + ImGui::GetStyle().ItemSpacing.y +
         ImGui::GetFrameHeight();
}

void FileBrowser::foot() {
  filters();
  const bool asks = !browse_.asks_to_replace().empty();
  if (browse_.request().choose == Choose::save) {
    const ui::Disabled off(asks);
    if (asks && focus_ == Field::name) focus_ = Field::none;
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted("Name");
    ImGui::SameLine();
    if (field(Field::name, "File name", "of the file", browse_.name, -1) &&
        !ImGui::GetIO().KeyCtrl) {
      browse_.confirm();
      focus_ = Field::name;
    }
  }
  const std::string text = message();
  if (asks || (!naming_ && !browse_.error().empty()))
    ui::message(text.c_str(), true);
  else
    ui::dim(text.c_str());
  if (naming_ && field(Field::new_folder, "Folder name", "", new_folder_, -1) &&
      !ImGui::GetIO().KeyCtrl)
    make_folder();
  buttons();
}

void FileBrowser::make_folder() {
  browse_.make_folder(new_folder_);
  naming_ = false;
  focus_ = usual_field();
}

void FileBrowser::buttons() {
  const bool asks = !browse_.asks_to_replace().empty();
  const char* leave = asks ? "Keep it  (Esc)" : "Cancel";
  const char* take = asks      ? "Replace  (Ctrl+Enter)"
                     : naming_ ? "Make the folder"
                               : browse_.confirm_text();
  const Choose choose = browse_.request().choose;
  if (!asks && !naming_ && (choose == Choose::save || choose == Choose::folder)) {
    if (ui::button("New folder")) {
      naming_ = true;
      new_folder_.clear();
      reload(Field::new_folder);
    }
    ImGui::SameLine();
  }
  const float wide = button_width(leave) + ImGui::GetStyle().ItemSpacing.x + button_width(take);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() +
                       std::max(0.0f, ImGui::GetContentRegionAvail().x - wide));
  if (ui::button("Leave", leave)) {
    if (asks)
      browse_.replace(false);
    else if (naming_)
      naming_ = false;
    else
      close();
    focus_ = usual_field();
  }
  ImGui::SameLine();
  const ui::Disabled off(naming_ ? new_folder_.empty() : !asks && !browse_.can_confirm());
  const char* mark = asks ? "Replace" : naming_ ? "Make folder" : take;
  if (ui::main_button(mark, take)) confirm();
}

void FileBrowser::confirm() {
  if (!browse_.asks_to_replace().empty())
    browse_.replace(true);
  else if (naming_)
    make_folder();
  else
    browse_.confirm();
}

}  // namespace lacuna::viewer
