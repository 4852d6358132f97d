// Fields and buttons that open the file browser: nobody has to type a path.
#pragma once

#include <optional>
#include <string>

#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

// Opens the browser for the widget that takes what is chosen under that id.
void browse(Context& c, ImGuiID owner, BrowseRequest request);

// A button for a file or a folder: what was chosen, in the frame after.
std::optional<Browse::Chosen> browse_button(Context& c, const char* name,
                                            const BrowseRequest& request, const char* shown = "...",
                                            ImVec2 size = {0, 0});

// A text field for a path with such a button, after ui::label, in `width` of the line (0 and less:
// so far from its end). The browser begins at the field's path; if there is none, at the request's.
// With `several` the field has a line for each path, and what is chosen is added.
std::optional<Browse::Chosen> path_field(Context& c, const char* name, std::string& value,
                                         const char* hint, BrowseRequest request,
                                         bool several = false, float width = 0);

// What an option of the command line asks for, by its name and its kind ("--out", "FILE"); empty if
// its value is no path.
std::optional<BrowseRequest> browse_request(const std::string& flag, const std::string& type);

}  // namespace lacuna::viewer
