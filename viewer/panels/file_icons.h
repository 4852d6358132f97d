// Small drawings before names of files: fonts of this program have no such signs.
#pragma once

namespace lacuna::viewer {

enum class FileIcon { file, folder, model };

// Draws one in the line at the cursor; what follows stands right of it.
void file_icon(FileIcon icon);
float file_icon_width();  // with the space after it

}  // namespace lacuna::viewer
