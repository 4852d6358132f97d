// Which model an edit belongs to: a hash of every tensor's name, type, shape and bytes.
#pragma once

#include <string>

#include "base/tensors/tensor_file.h"

namespace lacuna {

// XXH3 of 128 bits as 32 hexadecimal digits: gigabytes in about a second. It tells models apart; it
// does not resist forgery.
std::string fingerprint(const TensorFile& file);
std::string fingerprint(std::string_view text);

}  // namespace lacuna
