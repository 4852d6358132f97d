// How messages and metadata speak of options.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lacuna {

// As it is written on the command line: "--retain-batch".
inline std::string option(std::string_view name) { return "--" + std::string(name); }

// An option's name and value as text: what is printed, written into an edit's metadata and
// compared when a run is resumed.
using OptionTexts = std::map<std::string, std::string>;

}  // namespace lacuna
