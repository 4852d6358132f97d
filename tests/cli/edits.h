// Edits of pico for tests of the program.
#pragma once

#include <filesystem>
#include <string>

#include "erase/edits/edit.h"

namespace lacuna::test {

// An edit that multiplies one tensor of pico's UNet by `factor`, in a folder that is removed at the
// end of the program. The file is named NAME.safetensors.
std::filesystem::path scaling_edit(const std::string& name, const std::string& tensor, float factor,
                                   const TensorFile::Metadata& metadata = {});

}  // namespace lacuna::test
