// Where no way to put a picture on the clipboard is known: macOS, and systems without libxcb.
#include "viewer/platform/clipboard.h"

namespace lacuna::viewer {

std::unique_ptr<Clipboard> Clipboard::open(GLFWwindow*) { return nullptr; }

}  // namespace lacuna::viewer
