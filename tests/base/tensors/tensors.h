// Small tensors for tests of the readers and writers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/tensors/safetensors.h"

namespace lacuna::tests {

inline TensorToWrite tensor(const std::string& name, FileDType dtype, std::vector<int64_t> shape,
                            const std::vector<float>& values) {
  return {name, dtype, std::move(shape),
          [=](std::span<std::byte> bytes) { bytes_from_floats(values, dtype, bytes); }};
}

inline std::vector<float> floats(const TensorFile& file, std::string_view name) {
  const TensorFile::Entry& entry = file.at(name);
  std::vector<float> values(entry.count());
  file.to_float(entry, values);
  return values;
}

}  // namespace lacuna::tests
