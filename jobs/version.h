// What --version prints.
#pragma once

#include <string>

namespace lacuna {

// "lacuna 0.1.0 (abc1234)": with the commit that was built, if it is known. Files that lacuna
// writes name the version alone, so that a commit changes none of their bytes.
std::string version_text();

}  // namespace lacuna
