// Golden fixtures of tests/fixtures (made by tools/golden with diffusers and transformers in
// float32) and what comparing with them needs. Fixtures are N,C,H,W as PyTorch's; graphs are
// N,H,W,C.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "engine/device.h"
#include "models/files/weight_store.h"

namespace lacuna::test {

struct Array {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::filesystem::path fixture(const std::string& name);
Array read(const TensorFile& file, const std::string& name);
std::vector<int32_t> read_ids(const TensorFile& file, const std::string& name);

Array channels_last(const Array& nchw);

// ||a - b|| / ||b||.
double relative_error(const std::vector<float>& a, const std::vector<float>& b);

// The bound of a comparison in that storage type.
inline double bound(DType type) { return type == DType::f32 ? 1e-5 : 3e-3; }
// f32 always; f16 where the device stores 16-bit floats.
std::vector<DType> types_of(const Device& device);

}  // namespace lacuna::test
