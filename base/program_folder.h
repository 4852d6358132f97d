// Where the running program lies.
#pragma once

#include <filesystem>

namespace lacuna {

// Empty if the system does not say.
std::filesystem::path program_folder();

}  // namespace lacuna
