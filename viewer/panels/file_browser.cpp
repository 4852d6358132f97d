#include "viewer/panels/file_browser.h"

#include <fmt/format.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "viewer/files/names.h"
#include "viewer/panels/file_icons.h"
#include "viewer/platform/input.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

const char* key_of(FileKind kind) {
  constexpr const char* keys[] = {"all", "models", "edits", "images", "texts", "logs"};
  return keys[static_cast<size_t>(kind)];
}

// Arrow keys in a field of one line move the selection, which ImGui would take as a way out of it.
int count_rows(ImGuiInputTextCallbackData* data) {
  if (data->EventFlag == ImGuiInputTextFlags_CallbackHistory)
    *static_cast<int*>(data->UserData) += data->EventKey == ImGuiKey_UpArrow ? -1 : 1;
  return 0;
}

// A button with an arrow, which needs no letter of the font.
bool arrow(const char* name, ImGuiDir to, bool can, const char* about) {
  bool pressed = false;
  {
    const ui::Disabled off(!can);
    pressed = ImGui::ArrowButton(name, to);
    ui::mark(name);
  }
  ui::explain(about);
  ImGui::SameLine(0, ImGui::GetStyle().ItemInnerSpacing.x);
  return pressed;
}

}  // namespace

void FileBrowser::open(ImGuiID owner, BrowseRequest request, std::vector<Place> places) {
  const std::map<std::string, std::string>& last = settings_.folders;
  const auto of_kind = last.find(key_of(request.kind)), of_any = last.find("");
  const std::string folder = of_kind != last.end()  ? of_kind->second
                             : of_any != last.end() ? of_any->second
                                                    : "";
  browse_.hidden_files(settings_.hidden);
  browse_.open(std::move(request), utf8_path(folder));
  places_ = std::move(places);
  owner_ = owner;
  chosen_.reset();
  asked_ = open_ = true;
  naming_ = kinds_open_ = false;
  filter_.clear();
  shown_.clear();
  reload(usual_field());
}

std::optional<Browse::Chosen> FileBrowser::take(ImGuiID owner) {
  return owner == owner_ ? std::exchange(chosen_, {}) : std::nullopt;
}

void FileBrowser::close() {
  open_ = false;
  ImGui::CloseCurrentPopup();
}

// What the other thread has read, and what was chosen in the last frame.
void FileBrowser::update() {
  if (const auto wanted = browse_.wanted()) {
    lister_.read(*wanted);
    filter_.clear();
    reload(focus_ == Field::none ? usual_field() : focus_);
  }
  if (std::optional<Listing> listing = lister_.take()) {
    browse_.show(std::move(*listing));
    reveal_ = true;
  }
  if (browse_.folder() == shown_) return;
  shown_ = browse_.folder();
  path_ = printable(name_text(shown_));
  path_serial_++;
}

// One of the text fields; true if Enter was pressed in it.
bool FileBrowser::field(Field which, const char* mark, const char* hint, std::string& text,
                        float width) {
  ImGui::SetNextItemWidth(width);
  if (focus_ == which) {
    // ImGui 1.90.1 forgets the request while the focus is in a child window, such as the list.
    if (!ImGui::IsWindowFocused()) ImGui::SetWindowFocus();
    ImGui::SetKeyboardFocusHere();
    focus_ = Field::none;
  }
  int rows = 0;
  const bool moves = which == Field::filter || which == Field::name;
  const bool empty = text.empty();
  const bool entered = ImGui::InputTextWithHint(
      fmt::format("##{}{}", mark, which == Field::path ? path_serial_ : serial_).c_str(), hint,
      &text,
      ImGuiInputTextFlags_EnterReturnsTrue | (moves ? ImGuiInputTextFlags_CallbackHistory : 0),
      count_rows, &rows);
  const bool active = ImGui::IsItemActive();
  ui::mark(mark);
  if (ImGui::CalcTextSize(text.c_str()).x > ImGui::GetItemRectSize().x) ui::explain(text.c_str());
  if (rows != 0) {
    if (which == Field::name) reload(which);  // it gets the selected name
    browse_.move(rows);
    reveal_ = true;
  }
  if (which == Field::filter && active && empty && pressed("backspace")) browse_.up();
  return entered;
}

void FileBrowser::keys() {
  if (kinds_open_ || !ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows)) return;
  const bool asks = !browse_.asks_to_replace().empty();
  if (pressed("escape")) {
    if (asks) {
      browse_.replace(false);
      focus_ = Field::name;
    } else if (naming_) {
      naming_ = false;
      focus_ = Field::filter;
    } else {
      close();
    }
  }
  keep_ctrl_enter();
  if (pressed("ctrl+enter")) confirm();
  if (pressed("alt+up")) browse_.up();
  if (pressed("alt+left") || ImGui::IsMouseClicked(3)) browse_.back();
  if (pressed("alt+right") || ImGui::IsMouseClicked(4)) browse_.forward();
  if (pressed("f5")) browse_.refresh();
  if (pressed("ctrl+l")) focus_ = Field::path;
  const int page = pressed("pagedown") ? page_ : pressed("pageup") ? -page_ : 0;
  if (page != 0) {
    browse_.move(page);
    reveal_ = true;
    focus_ = usual_field();  // ImGui takes these keys as a way out of a field
  }
  if (!ImGui::IsAnyItemActive() && pressed("backspace")) browse_.up();
}

void FileBrowser::bar() {
  if (arrow("Back", ImGuiDir_Left, browse_.can_go_back(), "The folder before (Alt+Left)"))
    browse_.back();
  if (arrow("Forward", ImGuiDir_Right, browse_.can_go_forward(), "The folder after (Alt+Right)"))
    browse_.forward();
  if (arrow("Parent", ImGuiDir_Up, browse_.can_go_up(), "The folder above (Backspace, Alt+Up)"))
    browse_.up();
  if (field(Field::path, "Path", "a folder or a file", path_, -1) && !ImGui::GetIO().KeyCtrl) {
    browse_.go_typed(path_);
    focus_ = Field::filter;
    shown_.clear();  // the path as it is, even if it leads to where we are
  }
}

void FileBrowser::places(float height) {
  ImGui::BeginChild("places", {ui::scaled(136), height});
  for (size_t i = 0; i < places_.size(); i++) {
    const Place& p = places_[i];
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::Selectable("##place", p.folder == browse_.folder(),
                          ImGuiSelectableFlags_DontClosePopups))
      browse_.go(p.folder);
    ui::mark("Place " + p.name);
    ui::explain(printable(name_text(p.folder)).c_str());
    ImGui::SameLine();
    file_icon(FileIcon::folder);
    ImGui::TextUnformatted(p.name.c_str());
    ImGui::PopID();
  }
  ImGui::EndChild();
}

void FileBrowser::row(int i) {
  const FileEntry& e = browse_.row(i);
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  const float room = ImGui::GetContentRegionAvail().x;
  ImGui::PushID(i);
  const bool clicked =
      ImGui::Selectable("##row", i == browse_.selected(),
                        ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_DontClosePopups |
                            ImGuiSelectableFlags_AllowDoubleClick);
  ui::mark("Entry " + e.name);
  if (ImGui::CalcTextSize(e.name.c_str()).x + file_icon_width() > room) ui::explain(e.name.c_str());
  ImGui::SameLine();
  file_icon(e.model ? FileIcon::model : e.folder ? FileIcon::folder : FileIcon::file);
  ImGui::TextUnformatted(e.name.c_str());
  ImGui::TableNextColumn();
  if (e.model) {
    ImGui::TextColored(palette().accent, "model");
  } else if (!e.folder) {
    const std::string size = size_text(e.bytes);
    const float left = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(size.c_str()).x;
    ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, left));
    ImGui::TextColored(palette().dim, "%s", size.c_str());
  }
  ImGui::TableNextColumn();
  ImGui::TextColored(palette().dim, "%s", time_text(e.modified).c_str());
  ImGui::PopID();
  if (!clicked) return;
  browse_.select(i);
  if (ImGui::IsMouseDoubleClicked(0)) browse_.activate();
  reload(usual_field());
}

void FileBrowser::head() {
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn("Name", ImGuiTableColumnFlags_WidthStretch);
  const auto rarer = ImGuiTableColumnFlags_WidthFixed | ImGuiTableColumnFlags_PreferSortDescending;
  ImGui::TableSetupColumn("Size", rarer, ImGui::CalcTextSize("1000.0 MiB").x);
  ImGui::TableSetupColumn("Changed", rarer, ImGui::CalcTextSize("2000-00-00 00:00").x);
  ImGui::TableHeadersRow();
  const ImGuiTableSortSpecs* specs = ImGui::TableGetSortSpecs();
  if (!specs || specs->SpecsCount == 0) return;
  browse_.sort(static_cast<SortBy>(specs->Specs[0].ColumnIndex),
               specs->Specs[0].SortDirection == ImGuiSortDirection_Descending);
}

void FileBrowser::list(float height) {
  constexpr ImGuiTableFlags flags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_Sortable |
                                    ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersOuter |
                                    ImGuiTableFlags_NoSavedSettings;
  if (!ImGui::BeginTable("files", 3, flags, {0, height})) return;
  head();
  const float line = ImGui::GetTextLineHeight() + 2 * ImGui::GetStyle().CellPadding.y;
  if (browse_.rows() == 0) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ui::dim(browse_.reading()          ? "reading ..."
            : !browse_.error().empty() ? ""
            : !filter_.empty()         ? "No name contains what was typed."
                                       : "Nothing to choose from here.");
  }
  ImGuiListClipper clipper;
  clipper.Begin(browse_.rows(), line);
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd && i < browse_.rows(); i++) row(i);
  const float view = ImGui::GetWindowHeight() - line;
  page_ = std::max(1, static_cast<int>(view / line) - 1);
  if (std::exchange(reveal_, false)) {
    const float top = line * static_cast<float>(std::max(0, browse_.selected()));
    if (top < ImGui::GetScrollY()) ImGui::SetScrollY(top);
    if (top + line > ImGui::GetScrollY() + view) ImGui::SetScrollY(top + line - view);
  }
  ImGui::EndTable();
}

FileBrowser::Field FileBrowser::usual_field() const {
  return browse_.request().choose == Choose::save ? Field::name : Field::filter;
}

// A field keeps what is being typed in it; one with another id begins anew.
void FileBrowser::reload(Field focus) {
  serial_++;
  focus_ = focus;
}

void FileBrowser::draw() {
  if (!open_) return;
  const std::string title = browse_.request().title + "###file browser";
  if (std::exchange(asked_, false)) ImGui::OpenPopup(title.c_str());
  update();
  const ImGuiViewport& port = *ImGui::GetMainViewport();
  const ImVec2 most{port.Size.x * 0.96f, port.Size.y * 0.94f};
  ImGui::SetNextWindowPos(port.GetCenter(), ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({std::min(most.x, ui::scaled(800)), std::min(most.y, ui::scaled(560))},
                           ImGuiCond_Always);
  bool stays = true;
  if (!ImGui::BeginPopupModal(title.c_str(), &stays,
                              ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                                  ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollbar |
                                  ImGuiWindowFlags_NoScrollWithMouse)) {
    open_ = false;
    return;
  }
  keys();
  bar();
  const float height =
      ImGui::GetContentRegionAvail().y - foot_height() - ImGui::GetStyle().ItemSpacing.y;
  ImVec4 selected = palette().accent;
  selected.w = 0.35f;
  ImGui::PushStyleColor(ImGuiCol_Header, selected);
  places(height);
  ImGui::SameLine();
  list(height);
  ImGui::PopStyleColor();
  foot();
  // After a click on what is no field the keys are for the usual one again.
  if (ImGui::IsMouseReleased(0) && !ImGui::IsAnyItemActive() && !kinds_open_ &&
      focus_ == Field::none)
    focus_ = usual_field();
  if ((chosen_ = browse_.take_chosen())) {
    settings_.folders[key_of(browse_.request().kind)] = settings_.folders[""] =
        name_text(browse_.folder());
    close();
  }
  ImGui::EndPopup();
}

}  // namespace lacuna::viewer
