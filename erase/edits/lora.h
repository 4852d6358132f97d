// LoRA: changes of matrices and convolutions as products of two thin factors, as trainers write
// them (Hu et al. 2021). Whatever a trainer calls them, a reader gives the tensor that they change,
// both factors and the scale.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "models/files/model_part.h"

namespace lacuna {

// dW = alpha / rank * up * down. The entries belong to the file that was read.
struct LoraFactors {
  std::string target;              // the weight's name in its part's file
  const TensorFile::Entry* up;     // [out, rank] or [out, rank, 1, 1]
  const TensorFile::Entry* down;   // [rank, in] or [rank, in, kh, kw]
  const TensorFile::Entry* alpha;  // one number; null: as if it were the rank
};

// Whether any of the file's tensors is a factor under a trainer's name.
bool is_lora(const TensorFile& file);

// All that a LoRA's file holds for a part of a model whose weights are `base`. Throws InputError if
// a tensor is no factor, a module is not the model's, or factors do not fit it.
std::vector<LoraFactors> read_lora(const TensorFile& file, ModelPart part, const TensorFile& base);

// Shapes that are equal except for the 1x1 of a convolution that is stored as a matrix.
bool same_shape(std::span<const int64_t> a, std::span<const int64_t> b);

}  // namespace lacuna
