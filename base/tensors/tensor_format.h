// What a format of tensor files brings: private to base's readers. A new format is one source that
// defines its row, and the row's line in the table of base/tensors/tensor_file.cpp.
#pragma once

#include "base/tensors/tensor_file.h"

namespace lacuna {

struct TensorContents {
  TensorFile::Entries entries;
  TensorFile::Metadata metadata;
  std::shared_ptr<const void> owner;  // keeps the entries' bytes: the file, or what was made of it
};

struct TensorFormat {
  // Whether the file's first bytes are those of this format.
  bool (*recognises)(std::span<const std::byte> file);
  // Throws an InputError that names the file and, if one tensor is wrong, that tensor.
  TensorContents (*read)(const std::filesystem::path& path, MappedFile file);
};

extern const TensorFormat safetensors_format;

}  // namespace lacuna
