// Windows: the picture twice, as the registered format "PNG" that browsers and office programs
// know, with the settings in it, and as a device-independent bitmap for all others. Windows keeps
// both.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#define GLFW_EXPOSE_NATIVE_WIN32
#include <GLFW/glfw3.h>
#include <GLFW/glfw3native.h>

#include <cstring>

#include "base/error.h"
#include "pictures/image.h"
#include "viewer/platform/clipboard.h"

namespace lacuna::viewer {
namespace {

// Hands a copy to the clipboard, which must be open.
bool set(UINT format, const void* bytes, size_t size) {
  const HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, size);
  if (!memory) return false;
  if (void* to = GlobalLock(memory)) {
    std::memcpy(to, bytes, size);
    GlobalUnlock(memory);
    if (SetClipboardData(format, memory)) return true;  // it is the system's now
  }
  GlobalFree(memory);
  return false;
}

// CF_DIB: a header, then rows from the bottom of blue, green and red, padded to 4 bytes.
std::vector<uint8_t> bitmap(const Image& image) {
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  const size_t row = (width * 3 + 3) / 4 * 4;
  BITMAPINFOHEADER header{};
  header.biSize = sizeof header;
  header.biWidth = image.width;
  header.biHeight = image.height;
  header.biPlanes = 1;
  header.biBitCount = 24;
  header.biCompression = BI_RGB;
  header.biSizeImage = static_cast<DWORD>(row * height);
  std::vector<uint8_t> dib(sizeof header + row * height);
  std::memcpy(dib.data(), &header, sizeof header);
  for (size_t y = 0; y < height; y++) {
    const uint8_t* from = &image.rgb[(height - 1 - y) * width * 3];
    uint8_t* to = &dib[sizeof header + y * row];
    for (size_t x = 0; x < width; x++)
      for (size_t c = 0; c < 3; c++) to[3 * x + c] = from[3 * x + 2 - c];
  }
  return dib;
}

class WindowsClipboard : public Clipboard {
 public:
  explicit WindowsClipboard(HWND window) : window_(window) {}

  bool put(std::vector<std::byte> png) override {
    std::vector<uint8_t> dib;
    try {
      dib = bitmap(decode_image(png, "the picture"));
    } catch (const Error&) { return false; }
    const UINT png_format = RegisterClipboardFormatW(L"PNG");
    if (!OpenClipboard(window_)) return false;  // another program has it open
    const bool taken = EmptyClipboard() && png_format && set(png_format, png.data(), png.size()) &&
                       set(CF_DIB, dib.data(), dib.size());
    CloseClipboard();
    return taken;
  }

 private:
  HWND window_;
};

}  // namespace

std::unique_ptr<Clipboard> Clipboard::open(GLFWwindow* window) {
  return std::make_unique<WindowsClipboard>(glfwGetWin32Window(window));
}

}  // namespace lacuna::viewer
