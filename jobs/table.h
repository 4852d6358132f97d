// Tables on a terminal.
#pragma once

#include <cstdint>
#include <string>

namespace lacuna {

// The text in a column of `width`; what does not fit is cut, never inside a character.
std::string cell(std::string text, size_t width);

// The beginning and the end of the text if not all of it fits: names of tensors differ there.
std::string cell_middle(std::string text, size_t width);

// 43962560 -> "43,962,560".
std::string with_commas(int64_t number);

}  // namespace lacuna
