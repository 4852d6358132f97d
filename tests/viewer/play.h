// How tests play a user of the window on a screen that is not there (Xvfb).
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

namespace lacuna::test {

std::string content(const std::filesystem::path& file);
int status_of(const std::string& command);
bool has_screen();

// Runs the viewer in `folder`, with settings and pictures of its own; returns its exit status. What
// it prints is then in the file "said"; "screen" holds DISPLAY and XAUTHORITY from the beginning.
int view(const std::filesystem::path& folder, const std::string& options,
         const std::string& script);

// Of the part of two screenshots that a panel shows pictures in.
int changed_pixels(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace lacuna::test

#define NEEDS_SCREEN()                                                                     \
  if (!has_screen()) {                                                                     \
    MESSAGE("skipped: there is no xvfb-run to open a window on (apt install xvfb xauth)"); \
    return;                                                                                \
  }
