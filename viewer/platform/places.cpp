#include "viewer/platform/places.h"

#include <cstdlib>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

namespace lacuna::viewer {

namespace fs = std::filesystem;

#ifdef _WIN32

fs::path home_folder() {
  const wchar_t* home = _wgetenv(L"USERPROFILE");
  return home ? fs::path(home) : fs::path();
}

std::vector<fs::path> drives() {
  std::vector<fs::path> all;
  const DWORD there = GetLogicalDrives();
  for (int i = 0; i < 26; i++)
    if (there >> i & 1) all.emplace_back(std::wstring{static_cast<wchar_t>(L'A' + i), L':', L'\\'});
  return all;
}

bool is_hidden(const fs::path& path) {
  const DWORD marks = GetFileAttributesW(path.c_str());
  return marks != INVALID_FILE_ATTRIBUTES &&
         (marks & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM)) != 0;
}

std::optional<std::tm> local_time(int64_t seconds_since_1970) {
  const std::time_t time = seconds_since_1970;
  std::tm parts{};
  if (localtime_s(&parts, &time) != 0) return {};
  return parts;
}

#else

fs::path home_folder() {
  const char* home = std::getenv("HOME");
  return home ? fs::path(home) : fs::path();
}

std::vector<fs::path> drives() { return {"/"}; }

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

std::optional<std::tm> local_time(int64_t seconds_since_1970) {
  const std::time_t time = seconds_since_1970;
  std::tm parts{};
  if (!localtime_r(&time, &parts)) return {};
  return parts;
}

#endif

}  // namespace lacuna::viewer
