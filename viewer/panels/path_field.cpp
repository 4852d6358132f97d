#include "viewer/panels/path_field.h"

#include "base/file.h"
#include "viewer/files/names.h"
#include "viewer/platform/places.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

std::vector<Place> places_of(const Context& c) {
  std::vector<Place> places;
  const auto add = [&](const std::string& name, const fs::path& folder) {
    if (!folder.empty()) places.push_back({name, tidy(folder)});
  };
  add("Home", home_folder());
  add("Current folder", tidy(""));
  const fs::path& model = c.now.model.folder;
  std::error_code ignored;
  add("Model's folder", fs::is_directory(model, ignored) ? model : model.parent_path());
  if (fs::is_directory(c.gallery.folder(), ignored)) add("Drawn images", c.gallery.folder());
  for (const fs::path& drive : drives()) add(name_text(drive), drive);
  return places;
}

// The last of several lines, which is where one goes on.
std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of("\r\n \t");
  if (end == std::string::npos) return "";
  const size_t begin = text.find_last_of('\n', end) + 1;  // none before: 0
  return text.substr(begin, end + 1 - begin);
}

}  // namespace

void browse(Context& c, ImGuiID owner, BrowseRequest request) {
  c.browser.open(owner, std::move(request), places_of(c));
}

std::optional<Browse::Chosen> browse_button(Context& c, const char* name,
                                            const BrowseRequest& request, const char* shown,
                                            ImVec2 size) {
  const ImGuiID id = ImGui::GetID(name);
  if (ui::button(name, shown, size)) browse(c, id, request);
  ui::explain(request.title.c_str());
  return c.browser.take(id);
}

std::optional<Browse::Chosen> path_field(Context& c, const char* name, std::string& value,
                                         const char* hint, BrowseRequest request, bool several,
                                         float width) {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float button = ImGui::CalcTextSize("...").x + 2 * style.FramePadding.x;
  if (width <= 0) width += ImGui::GetContentRegionAvail().x;
  ImGui::SetNextItemWidth(width - button - style.ItemInnerSpacing.x);
  if (several)
    ui::long_text(name, value, 2);
  else
    ui::text(name, value, hint);
  ImGui::SameLine(0, style.ItemInnerSpacing.x);
  std::string text = several ? last_line(value) : value;
  if (text.empty() && request.choose == Choose::save) text = hint;  // the name that holds
  if (!text.empty()) request.start = fs::u8path(text);
  const auto chosen = browse_button(c, ("Browse " + std::string(name)).c_str(), request);
  if (!chosen) return {};
  if (!several) value.clear();
  if (!value.empty() && value.back() != '\n') value += '\n';
  value += display(chosen->path);
  return chosen;
}

std::optional<BrowseRequest> browse_request(const std::string& flag, const std::string& type) {
  const bool file = type.find("FILE") != std::string::npos,
             folder = type.find("DIR") != std::string::npos;
  const std::string name = flag.substr(std::min(flag.size(), flag.find_first_not_of('-')));
  if (flag == "--out")
    return BrowseRequest{"Save the edit as", Choose::save, FileKind::edits, "", ".safetensors"};
  // A text that may also be the name of an image.
  if (flag == "--mask")
    return BrowseRequest{"Choose a mask: an image, white inside", Choose::file, FileKind::images};
  if (file && folder)
    return BrowseRequest{"Choose a file or a folder for " + name, Choose::file_or_folder};
  if (folder) return BrowseRequest{"Choose a folder for " + name, Choose::folder};
  if (flag == "--edit") return BrowseRequest{"Choose an edit", Choose::file, FileKind::edits};
  if (file) return BrowseRequest{"Choose a file for " + name, Choose::file, FileKind::texts};
  return {};
}

}  // namespace lacuna::viewer
