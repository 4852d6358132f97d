// What the file browser makes of names: text that any window can show, the order that people
// expect, sizes and times in words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace lacuna::viewer {

// The path's own bytes as text; on Windows also if it holds what UTF-8 cannot express.
std::string name_text(const std::filesystem::path& path);

// Bytes that are no UTF-8, control characters and marks that turn the direction of writing become
// U+FFFD, so that one name stays one line that says what it is.
std::string printable(std::string_view text);

// False for control characters and for what is no UTF-8: such a path cannot be typed, and a log, a
// settings file or an option of several lines cannot hold it.
bool can_be_typed(std::string_view text);

// In lower case and composed: two names that people call the same have the same one.
std::string fold(std::string_view name);

// Whether a comes before b, both folded: runs of digits compare as numbers ("a2" before "a10").
bool natural_less(std::string_view a, std::string_view b);

std::string size_text(uint64_t bytes);  // "940 B", "1.6 MiB"

// "2026-11-28 14:05" in this machine's time; empty for times that the calendar lacks.
std::string time_text(int64_t seconds_since_1970);

}  // namespace lacuna::viewer
