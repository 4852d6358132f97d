// Where a file browser can begin, and what only the system knows of its files.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <vector>

namespace lacuna::viewer {

// Empty if the environment names none.
std::filesystem::path home_folder();

// The roots of all that there is: the drives on Windows, "/" elsewhere.
std::vector<std::filesystem::path> drives();

// Whether the system's own windows leave it out: names that begin with a dot; on Windows what is
// marked so.
bool is_hidden(const std::filesystem::path& path);

// Empty for times that the calendar lacks.
std::optional<std::tm> local_time(int64_t seconds_since_1970);

}  // namespace lacuna::viewer
