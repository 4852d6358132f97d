// The safetensors format: 8 bytes of header length, a JSON header, then the raw tensors.
//
// TensorFile reads it. The writer holds one tensor in memory at a time and puts the file in place
// only when it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/tensors/tensor_file.h"

namespace lacuna {

struct TensorToWrite {
  std::string name;
  FileDType dtype;
  std::vector<int64_t> shape;
  std::function<void(std::span<std::byte>)> fill;  // called once, when its turn comes
};

// Tensors are written with the widest types first and by name within a type, so all of them are
// aligned and equal content gives equal files.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const TensorFile::Metadata& metadata, Overwrite overwrite);

}  // namespace lacuna
